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
import { ItemCache, type ItemSource, ListReader } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { statusesOf } from '../deal-stage.js';
import { dealConditions, type DealFilter } from './deal-filter.js';
import { DEAL_COLUMNS, type DealRow, dealView } from './deal-row.js';

/** The most urgent review first. */
export const DEALS_BY_REVIEW: ListOrder = {
  name: 'deals',
  key: { 'd.next_review_at': 'date', 'd.updated_at': 'timestamptz', 'd.id': 'uuid' },
};

/** Deals in the caller's scope, the most urgent review first. */
export class ListDealsQuery extends Query<Page<DealView>> {
  constructor(
    readonly caller: Caller,
    readonly filter: DealFilter,
    /** `after` contains next review, update and id of the last deal seen. */
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
    const list = { order: DEALS_BY_REVIEW, cache: this.cache };
    if (!isOfStages(filter, scope)) return this.lists.page({ ...dealItems(filter, scope, today), ...list }, page);
    const { stages, ...others } = filter;
    const each = { column: 'd.status', type: 'text', values: [...new Set(stages)].flatMap(statusesOf) } as const;
    return this.lists.page({ ...dealItems(others, scope, today), ...list, each }, page);
  }
}

/** The deals in the scope that the filter selects, the same for lists and exports. */
export function dealItems(filter: DealFilter, scope: Scope, today: CalendarDate): ItemSource<DealRow, DealView> {
  return { select: DEAL_COLUMNS, from: 'crm.deals d', where: dealConditions(filter, scope, today), map: dealView };
}

/**
 * Whether the filter names stages and nothing else but the period, which is the start of the list's order. The list then
 * reads each status by itself from its index, however many deals of other statuses are between them.
 */
function isOfStages({ stages, managers, executorId, clientId, search }: DealFilter, scope: Scope): boolean {
  return stages !== undefined && scope.all && !managers && !executorId && !clientId && !search;
}
