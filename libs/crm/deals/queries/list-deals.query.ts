import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, type Caller, Clock, type Page, type PageRequest } from '#platform/kernel';
import { Database, plannedEachTime, type SqlConditions, type Statement, statement } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { statusesOf } from '../deal-stage.js';
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
    const scope = requireAccess(caller, 'deals', 'read');
    const total = page.includeTotal ? await this.total(dealConditions(filter, scope, today)) : undefined;
    const select = isOfStages(filter, scope) ? selectByStatus : selectInOrder;
    const { planned, values } = select(filter, scope, today, page);
    const rows = await this.database.query<DealRow>(planned, values);
    const items = rows.slice(0, page.limit).map(dealView);
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.next_review_at, last.updated_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.deals d WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}

const KEY = 'd.next_review_at, d.updated_at, d.id';
const KEY_TYPES = ['date', 'timestamptz', 'uuid'];

/** Selects a page, and one row more that tells whether another follows. */
type Select = (
  filter: DealFilter,
  scope: Scope,
  today: CalendarDate,
  page: PageRequest,
) => { readonly planned: Statement; readonly values: readonly unknown[] };

const selectInOrder: Select = (filter, scope, today, { after, limit }) => {
  const conditions = dealConditions(filter, scope, today);
  if (after) conditions.addKey(`(${KEY})`, KEY_TYPES, after);
  const isUneven = filter.search !== undefined || (filter.managers?.length ?? 0) > 1;
  const text = `SELECT ${DEAL_COLUMNS} FROM crm.deals d WHERE ${conditions.sql}
    ORDER BY ${KEY} LIMIT ${conditions.limit(limit + 1)}`;
  return { planned: (isUneven ? plannedEachTime : statement)(text), values: conditions.values };
};

/** Whether stages are all that narrows the whole book, but for the period, which is the beginning of its order. */
function isOfStages({ stages, managers, executorId, clientId, search }: DealFilter, scope: Scope): boolean {
  return stages !== undefined && scope.all && !managers && !executorId && !clientId && !search;
}

/**
 * Each status by itself, whose deals an index has in the order of the list: a page reads as many rows of each, however many
 * deals of other statuses stand between them, such as all that were ever closed.
 */
const selectByStatus: Select = ({ stages = [], ...filter }, scope, today, { after, limit }) => {
  const conditions = dealConditions(filter, scope, today);
  if (after) conditions.addKey(`(${KEY})`, KEY_TYPES, after);
  const statuses = conditions.parameter([...new Set(stages)].flatMap(statusesOf));
  const rows = conditions.limit(limit + 1);
  const text = `SELECT ${DEAL_COLUMNS} FROM unnest(${statuses}::text[]) AS s (status) CROSS JOIN LATERAL (
      SELECT * FROM crm.deals d WHERE ${conditions.sql} AND d.status = s.status ORDER BY ${KEY} LIMIT ${rows}) AS d
    ORDER BY ${KEY} LIMIT ${rows}`;
  return { planned: statement(text), values: conditions.values };
};
