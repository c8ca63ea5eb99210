import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import { RuntimeSettings } from '#platform/config';
import {
  businessDay,
  type Caller,
  Clock,
  type DateRange,
  type ListColumns,
  type Page,
  type PageRequest,
} from '#platform/kernel';
import { ListReader, SqlConditions } from '#platform/persistence';
import type { QuoteStatus, QuoteView } from '../contracts.js';
import { QUOTE_COLUMNS, type QuoteRow, quoteView } from './quote-row.js';

/** Columns of the list; the oldest quote first. */
export const QUOTE_LIST = {
  name: 'quotes',
  sort: 'created_at',
  sorts: {
    created_at: { 'q.created_at': 'timestamptz', 'q.id': 'uuid' },
    updated_at: { 'q.updated_at': 'timestamptz', 'q.id': 'uuid' },
    calculation_date: { 'q.calculation_date': 'date', 'q.id': 'uuid' },
  },
  ranges: {
    created: { column: 'q.created_at', type: 'timestamptz' },
    updated: { column: 'q.updated_at', type: 'timestamptz' },
    calculation_date: { column: 'q.calculation_date', type: 'date' },
  },
} as const satisfies ListColumns;

/** Which quotes of a deal are meant; what is absent doesn't narrow. */
export interface QuoteFilter {
  readonly statuses?: readonly QuoteStatus[];
  /** In any case. */
  readonly insuranceCompany?: string;
  readonly ranges?: readonly DateRange[];
}

/** A deal's quotes, in the order of the page. */
export class ListQuotesQuery extends Query<Page<QuoteView>> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly filter: QuoteFilter,
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListQuotesQuery)
export class ListQuotesHandler implements IQueryHandler<ListQuotesQuery> {
  constructor(
    private readonly lists: ListReader,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, filter, page }: ListQuotesQuery): Promise<Page<QuoteView>> {
    await this.queries.execute(new DealInScopeQuery(caller, dealId));
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    return this.lists.page(
      {
        select: QUOTE_COLUMNS,
        from: 'crm.quotes q',
        where: conditionsOf(dealId, filter),
        ranges: filter.ranges,
        map: (row: QuoteRow) => quoteView(row, today),
      },
      page,
    );
  }
}

function conditionsOf(dealId: string, filter: QuoteFilter): SqlConditions {
  const conditions = new SqlConditions('NOT q.is_deleted');
  conditions.add((p) => `q.deal_id = ${p}::uuid`, dealId);
  if (filter.statuses) conditions.addAnyOf('q.status', filter.statuses);
  if (filter.insuranceCompany) {
    conditions.add((p) => `lower(q.insurance_company) = lower(${p}::text)`, filter.insuranceCompany);
  }
  return conditions;
}
