import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import {
  businessDay,
  type CalendarDate,
  type Caller,
  Clock,
  type ListOrder,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import {
  Database,
  plannedEachTime,
  RowCache,
  type RowMark,
  type SqlConditions,
  type Statement,
  statement,
} from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { statusesOf } from '../deal-stage.js';
import { dealConditions, type DealFilter } from './deal-filter.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** The most urgent review first. */
export const DEALS_BY_REVIEW: ListOrder = { name: 'deals', key: ['date', 'timestamptz', 'uuid'] };

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
  private readonly shown = new RowCache<DealView>(MOST_SHOWN);

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
    const deals = await this.page(select(filter, scope, today, page));
    const items = deals.slice(0, page.limit);
    const last = deals.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.next_review_at, last.updated_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  /** Which deals they are, and in which version, costs half of what they cost themselves; most were shown before. */
  private async page({ selecting, values }: Selection): Promise<readonly DealView[]> {
    const marks = await this.database.query<RowMark>(selecting(MARKS), values);
    const known = this.shown.all(marks);
    if (known) return known;
    const rows = await this.database.query<DealRow & RowMark>(selecting(DEAL_COLUMNS), values);
    return rows.map((row) => this.shown.keep(row, dealView(row)));
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
const MARKS = 'd.id';
/** A few megabytes; forty if every description were as long as it may be. */
const MOST_SHOWN = 2_000;

/** Selects a page, and one row more that tells whether another follows. */
type Select = (filter: DealFilter, scope: Scope, today: CalendarDate, page: PageRequest) => Selection;

interface Selection {
  /** @param columns of `d`. */
  readonly selecting: (columns: string) => Statement;
  readonly values: readonly unknown[];
}

const selectInOrder: Select = (filter, scope, today, { after, limit }) => {
  const conditions = dealConditions(filter, scope, today);
  if (after) conditions.addKey(`(${KEY})`, DEALS_BY_REVIEW.key, after);
  const isUneven = filter.search !== undefined || (filter.managers?.length ?? 0) > 1;
  const { sql } = conditions;
  const rows = conditions.limit(limit + 1);
  const planned = isUneven ? plannedEachTime : statement;
  return {
    selecting: (columns) =>
      planned(`SELECT ${columns}, d.xmin AS mark FROM crm.deals d WHERE ${sql} ORDER BY ${KEY} LIMIT ${rows}`),
    values: conditions.values,
  };
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
  if (after) conditions.addKey(`(${KEY})`, DEALS_BY_REVIEW.key, after);
  const statuses = conditions.parameter([...new Set(stages)].flatMap(statusesOf));
  const rows = conditions.limit(limit + 1);
  const { sql } = conditions;
  return {
    selecting: (columns) =>
      statement(`SELECT ${columns}, d.mark FROM unnest(${statuses}::text[]) AS s (status) CROSS JOIN LATERAL (
        SELECT *, d.xmin AS mark FROM crm.deals d WHERE ${sql} AND d.status = s.status ORDER BY ${KEY} LIMIT ${rows}) AS d
        ORDER BY ${KEY} LIMIT ${rows}`),
    values: conditions.values,
  };
};
