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
import { Database, SqlConditions, statement } from '#platform/persistence';
import type { QuoteStatus, QuoteView } from '../contracts.js';
import { QUOTE_COLUMNS, type QuoteRow, quoteView } from './quote-row.js';

/** The oldest quote first. */
export const QUOTES_BY_CREATION: ListOrder = { name: 'quotes', key: ['timestamptz', 'uuid'] };

/** Which quotes of a deal are meant; what is absent doesn't narrow. */
export interface QuoteFilter {
  readonly status?: QuoteStatus;
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
    /** `after` holds creation and id of the last quote seen. */
    readonly page: PageRequest,
  ) {
    super();
  }
}

@QueryHandler(ListQuotesQuery)
export class ListQuotesHandler implements IQueryHandler<ListQuotesQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId, filter, page }: ListQuotesQuery): Promise<Page<QuoteView>> {
    await this.queries.execute(new DealInScopeQuery(caller, dealId));
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const conditions = conditionsOf(dealId, filter);
    const total = page.includeTotal ? await this.total(conditions) : undefined;
    if (page.after) conditions.addKey('(q.created_at, q.id)', QUOTES_BY_CREATION.key, page.after);
    const rows = await this.database.query<QuoteRow>(
      statement(
        `SELECT ${QUOTE_COLUMNS} FROM crm.quotes q WHERE ${conditions.sql}
         ORDER BY q.created_at, q.id LIMIT ${conditions.limit(page.limit + 1)}`,
      ),
      conditions.values,
    );
    const items = rows.slice(0, page.limit).map((row) => quoteView(row, today));
    const last = rows.length > page.limit ? items.at(-1) : undefined;
    const next = last ? [last.created_at, last.id] : null;
    return total === undefined ? { items, next } : { items, next, total };
  }

  private async total({ sql, values }: SqlConditions): Promise<number> {
    const row = await this.database.first<{ count: number }>(
      statement(`SELECT count(*)::int AS count FROM crm.quotes q WHERE ${sql}`),
      values,
    );
    return row?.count ?? 0;
  }
}

function conditionsOf(dealId: string, filter: QuoteFilter): SqlConditions {
  const conditions = new SqlConditions('NOT q.is_deleted');
  conditions.add((p) => `q.deal_id = ${p}::uuid`, dealId);
  if (filter.status) conditions.add((p) => `q.status = ${p}::text`, filter.status);
  if (filter.insuranceCompany) {
    conditions.add((p) => `lower(q.insurance_company) = lower(${p}::text)`, filter.insuranceCompany);
  }
  if (filter.calculatedFrom) conditions.add((p) => `q.calculation_date >= ${p}::date`, filter.calculatedFrom);
  if (filter.calculatedTo) conditions.add((p) => `q.calculation_date <= ${p}::date`, filter.calculatedTo);
  return conditions;
}
