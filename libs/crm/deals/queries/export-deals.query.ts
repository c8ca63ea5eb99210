import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { Database } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { dealConditions, type DealFilter } from './deal-filter.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** All deals in the caller's scope that a list with the same filter would show; by id. */
export class ExportDealsQuery extends Query<AsyncIterable<readonly DealView[]>> {
  constructor(
    readonly caller: Caller,
    readonly filter: DealFilter,
  ) {
    super();
  }
}

@QueryHandler(ExportDealsQuery)
export class ExportDealsHandler implements IQueryHandler<ExportDealsQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  execute({ caller, filter }: ExportDealsQuery): Promise<AsyncIterable<readonly DealView[]>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const conditions = dealConditions(filter, requireAccess(caller, 'deals', 'read'), today);
    const select = `SELECT ${DEAL_COLUMNS} FROM crm.deals d`;
    return Promise.resolve(viewed(this.database.pagesById<DealRow>(select, 'd.id', conditions)));
  }
}

async function* viewed(batches: AsyncIterable<readonly DealRow[]>): AsyncGenerator<readonly DealView[]> {
  for await (const rows of batches) yield rows.map(dealView);
}
