import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
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
import { ListReader, SqlConditions } from '#platform/persistence';
import type { QuoteStatus, QuoteView } from '../contracts.js';
import { QUOTE_COLUMNS, type QuoteRow, quoteView } from './quote-row.js';

/** The oldest quote first. */
export const QUOTES_BY_CREATION: ListOrder = { name: 'quotes', key: { 'q.created_at': 'timestamptz', 'q.id': 'uuid' } };

/** Which quotes of a deal are meant; what is absent doesn't narrow. */
export interface QuoteFilter {
  readonly statuses?: readonly QuoteStatus[];
  /** In any case. */
  readonly insuranceCompany?: string;
  readonly calculatedFrom?: CalendarDate;
  /** Included. */
  readonly calculatedTo?: CalendarDate;
}

/** A deal's quotes, the oldest first. */
export class ListQuotesQuery extends Query<Page<QuoteView>> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly filter: QuoteFilter,
    /** `after` contains creation and id of the last quote seen. */
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
        order: QUOTES_BY_CREATION,
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
  if (filter.calculatedFrom) conditions.add((p) => `q.calculation_date >= ${p}::date`, filter.calculatedFrom);
  if (filter.calculatedTo) conditions.add((p) => `q.calculation_date <= ${p}::date`, filter.calculatedTo);
  return conditions;
}
