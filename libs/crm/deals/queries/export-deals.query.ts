import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock } from '#platform/kernel';
import { ListReader } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { type DealFilter, dealItems } from './list-deals.query.js';

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
    private readonly lists: ListReader,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  execute({ caller, filter }: ExportDealsQuery): Promise<AsyncIterable<readonly DealView[]>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const deals = dealItems(filter, requireAccess(caller, 'deals', 'read'), today);
    return Promise.resolve(this.lists.batches(deals, 'd.id'));
  }
}
