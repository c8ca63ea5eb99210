import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { survivorOf } from '#crm/clients/contracts';
import { addScope, requireAccess, type Scope } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import {
  addDays,
  businessDay,
  type CalendarDate,
  type Caller,
  Clock,
  type DateRange,
  type ListColumns,
  type ListOrder,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import { ItemCache, type ItemSource, ListReader, SqlConditions } from '#platform/persistence';
import type { DealView, Stage } from '../contracts.js';
import { statusesOf } from '../deal-stage.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** Columns of the list; the most urgent review first. */
export const DEAL_LIST = {
  name: 'deals',
  sort: 'next_review_at',
  sorts: {
    next_review_at: { 'd.next_review_at': 'date', 'd.updated_at': 'timestamptz', 'd.id': 'uuid' },
    created_at: { 'd.created_at': 'timestamptz', 'd.id': 'uuid' },
    updated_at: { 'd.updated_at': 'timestamptz', 'd.id': 'uuid' },
    closed_at: { 'd.closed_at': 'timestamptz?', 'd.id': 'uuid' },
  },
  ranges: {
    created: { column: 'd.created_at', type: 'timestamptz' },
    updated: { column: 'd.updated_at', type: 'timestamptz' },
    closed: { column: 'd.closed_at', type: 'timestamptz?' },
  },
} as const satisfies ListColumns;

/** Horizons of the next review, in days; `all` has none. */
export const PERIODS = { '7d': 7, '30d': 30, '90d': 90, all: null } as const;
export type Period = keyof typeof PERIODS;

/** Which deals are meant; what is absent doesn't narrow. */
export interface DealFilter {
  readonly stages?: readonly Stage[];
  /** Owners' UUIDs; null means deals without an owner. */
  readonly managers?: readonly (string | null)[];
  readonly executorId?: string;
  /** Of a merged client: its survivor's deals. */
  readonly clientId?: string;
  readonly period?: Period;
  /** Part of title or description, in any case; `%` and `_` mean themselves. */
  readonly search?: string;
  readonly ranges?: readonly DateRange[];
}

/** Deals in the caller's scope, in the order of the page. */
export class ListDealsQuery extends Query<Page<DealView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: DealFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

/** A few megabytes; forty if every description is as long as it may be. */
const CACHED_DEALS = 2_000;

@QueryHandler(ListDealsQuery)
export class ListDealsHandler implements IQueryHandler<ListDealsQuery> {
  private readonly cache = new ItemCache<DealRow, DealView>(CACHED_DEALS);

  constructor(
    private readonly lists: ListReader,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter, page }: ListDealsQuery): Promise<Page<DealView>> {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const scope = requireAccess(caller, 'deals', 'read');
    const list = { cache: this.cache };
    if (!isOfStages(filter, scope, page.order))
      return this.lists.page({ ...dealItems(filter, scope, today), ...list }, page);
    const { stages, ...others } = filter;
    const each = { column: 'd.status', type: 'text', values: [...new Set(stages)].flatMap(statusesOf) } as const;
    return this.lists.page({ ...dealItems(others, scope, today), ...list, each }, page);
  }
}

/** The deals in the scope that the filter selects, the same for lists and exports. */
export function dealItems(filter: DealFilter, scope: Scope, today: CalendarDate): ItemSource<DealRow, DealView> {
  return {
    select: DEAL_COLUMNS,
    from: 'crm.deals d',
    where: dealConditions(filter, scope, today),
    ranges: filter.ranges,
    map: dealView,
    mayLag: true,
  };
}

/** The filter, but for its ranges, and the scope as conditions on `crm.deals d`, the same for lists, totals and metrics. */
export function dealConditions(filter: DealFilter, scope: Scope, today: CalendarDate): SqlConditions {
  const where = new SqlConditions('NOT d.is_deleted');
  addScope(where, scope, 'd');
  if (filter.stages) where.add((p) => `d.status = ANY (${p}::text[])`, filter.stages.flatMap(statusesOf));
  if (filter.managers) addManagers(where, filter.managers);
  if (filter.executorId) where.add((p) => `d.executor_id = ${p}::uuid`, filter.executorId);
  if (filter.clientId) where.add((p) => `d.client_id = ${survivorOf(p)}`, filter.clientId);
  const days = filter.period ? PERIODS[filter.period] : null;
  if (days !== null) where.add((p) => `d.next_review_at <= ${p}::date`, addDays(today, days));
  if (filter.search) {
    where.addSearch(`lower(d.title || E'\\n' || coalesce(d.description, ''))`, filter.search);
  }
  return where;
}

function addManagers(where: SqlConditions, managers: NonNullable<DealFilter['managers']>): void {
  const ids = managers.filter((id) => id !== null);
  const unowned = ids.length < managers.length ? ' OR d.owner_id IS NULL' : '';
  if (managers.length > 1) where.planEachTime();
  if (ids.length === 1) where.add((p) => `(d.owner_id = ${p}::uuid${unowned})`, ids[0]);
  else where.add((p) => `(d.owner_id = ANY (${p}::uuid[])${unowned})`, ids);
}

/**
 * Whether the filter names stages and nothing else but the period, which is the start of the usual order. The list then
 * reads each status by itself from its index, however many deals of other statuses are between them.
 */
function isOfStages(filter: DealFilter, scope: Scope, order: ListOrder): boolean {
  const { stages, managers, executorId, clientId, search, ranges = [] } = filter;
  if (stages === undefined || !scope.all || order.key !== DEAL_LIST.sorts.next_review_at) return false;
  return !managers && !executorId && !clientId && !search && ranges.length === 0;
}
