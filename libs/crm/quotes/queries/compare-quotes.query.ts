import { type IQueryHandler, Query, QueryBus, QueryHandler } from '@nestjs/cqrs';
import { DealInScopeQuery } from '#crm/deals/contracts';
import type { CalendarDate, Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { QuoteStatus, ValidityPeriod } from '../contracts.js';
import { fromRange } from '../validity-period.js';

/** One offer beside the others; amounts are decimal text with two digits. */
export interface ComparedQuote {
  readonly quote_id: string;
  readonly insurance_company: string;
  readonly program_name: string | null;
  readonly status: QuoteStatus;
  readonly currency: string;
  readonly premium_amount: string;
  readonly coverage_sum: string | null;
  /** Premium per thousand of cover, decimal text with three digits; null without cover. */
  readonly per_mille: string | null;
  /** Over the lowest premium of the same currency. */
  readonly premium_difference: string;
  /** Under the highest cover of the same currency; null without cover. */
  readonly coverage_difference: string | null;
  readonly validity_period: ValidityPeriod | null;
  readonly calculation_date: CalendarDate;
}

/** A deal's ready and confirmed quotes side by side, the lowest premium of each currency first. */
export class CompareQuotesQuery extends Query<readonly ComparedQuote[]> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
  ) {
    super();
  }
}

/** PostgreSQL does the arithmetic: exact, and never across currencies. */
const COMPARE = statement(
  `SELECT q.id AS quote_id, q.insurance_company, q.program_name, q.status, q.currency, q.premium_amount, q.coverage_sum,
     round(q.premium_amount * 1000 / q.coverage_sum, 3) AS per_mille,
     q.premium_amount - min(q.premium_amount) OVER same AS premium_difference,
     max(q.coverage_sum) OVER same - q.coverage_sum AS coverage_difference,
     q.validity, q.calculation_date
   FROM crm.quotes q
   WHERE q.deal_id = $1::uuid AND NOT q.is_deleted AND q.status IN ('ready', 'confirmed')
   WINDOW same AS (PARTITION BY q.currency)
   ORDER BY q.currency, q.premium_amount, q.id`,
);

@QueryHandler(CompareQuotesQuery)
export class CompareQuotesHandler implements IQueryHandler<CompareQuotesQuery> {
  constructor(
    private readonly database: Database,
    private readonly queries: QueryBus,
  ) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealId }: CompareQuotesQuery): Promise<readonly ComparedQuote[]> {
    await this.queries.execute(new DealInScopeQuery(caller, dealId));
    const rows = await this.database.query<Omit<ComparedQuote, 'validity_period'> & { validity: string | null }>(
      COMPARE,
      [dealId],
    );
    return rows.map(({ validity, calculation_date, ...row }) => ({
      ...row,
      validity_period: fromRange(validity),
      calculation_date,
    }));
  }
}
