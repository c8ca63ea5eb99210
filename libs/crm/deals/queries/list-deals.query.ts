import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock, type Page, type PageRequest } from '#platform/kernel';
import { Database, plannedEachTime, statement } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { dealConditions, type DealFilter } from './deal-filter.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** Deals in the caller's scope, the most urgent review first. */
export class ListDealsQuery extends Query<Page<DealView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: DealFilter,
    /** `after` holds next review, update and id of the last deal seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListDealsQuery)
export class ListDealsHandler implements IQueryHandler<ListDealsQuery> {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter, page }: ListDealsQuery): Promise<Page<DealView>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const conditions = dealConditions(filter, requireAccess(caller, 'deals', 'read'), today);
    const total = page.includeTotal ? await this.total(conditions.sql, conditions.values) : undefined;
    if (page.after) {
      conditions.addKey('(d.next_review_at, d.updated_at, d.id)', ['date', 'timestamptz', 'uuid'], page.after);
    }
    const isUneven = filter.search !== undefined || (filter.managers?.length ?? 0) > 1;
    const planned = isUneven ? plannedEachTime : statement;
    const rows = await this.database.query<DealRow>(
      planned(
        `SELECT ${DEAL_COLUMNS} FROM crm.deals d WHERE ${conditions.sql}
         ORDER BY d.next_review_at, d.updated_at, d.id LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit).map(dealView);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.next_review_at, last.updated_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total(where: string, values: readonly unknown[]): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.deals d WHERE ${where}`),
      values,
    );
    return row?.count ?? 0;
  }
}
