import { Query } from '@nestjs/cqrs';
import type { CalendarDate, Instant } from '#platform/kernel';

export const QUOTE_STATUSES = ['draft', 'ready', 'confirmed', 'archived'] as const;
export type QuoteStatus = (typeof QUOTE_STATUSES)[number];

/** Days on which an offer is valid, both included; a draft may lack an end. */
export interface ValidityPeriod {
  readonly start: CalendarDate | null;
  readonly end: CalendarDate | null;
}

/** A quote as the REST API and the events show it; money is decimal text with two digits. */
export interface QuoteView {
  readonly id: string;
  readonly deal_id: string;
  readonly owner_id: string | null;
  readonly insurance_company: string;
  readonly program_name: string | null;
  readonly premium_amount: string | null;
  readonly coverage_sum: string | null;
  readonly currency: string;
  readonly calculation_date: CalendarDate;
  readonly validity_period: ValidityPeriod | null;
  readonly files: readonly string[];
  readonly comments: string | null;
  readonly status: QuoteStatus;
  /** Past its validity. */
  readonly expired: boolean;
  readonly linked_policy_id: string | null;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** Reads the currencies of a deal's quotes that are not archived, each once, without an access check. */
export class QuotedCurrenciesQuery extends Query<readonly string[]> {
  constructor(readonly dealId: string) {
    super();
  }
}

/**
 * What quotes show to the SQL of deals: a subquery of `currency` and `amount`, the premium that a deal is expected to
 * bring. Confirmed quotes count together; without one, the lowest ready offer in the currency of the newest that is valid.
 * @param dealId and `today` are SQL expressions.
 */
export function expectedPremiumOf(dealId: string, today: string): string {
  return `(SELECT o.currency, coalesce(o.confirmed, o.ready) AS amount FROM (
    SELECT q.currency, sum(q.premium_amount) FILTER (WHERE q.status = 'confirmed') AS confirmed,
      min(q.premium_amount) FILTER (WHERE q.status = 'ready') AS ready,
      bool_or(bool_or(q.status = 'confirmed')) OVER () AS is_confirmed,
      row_number() OVER (ORDER BY max(q.created_at) DESC, q.currency) AS place
    FROM crm.quotes q
    WHERE q.deal_id = ${dealId} AND NOT q.is_deleted
      AND (q.status = 'confirmed' OR q.status = 'ready' AND upper(q.validity) > ${today})
    GROUP BY q.currency
  ) o WHERE CASE WHEN o.is_confirmed THEN o.confirmed IS NOT NULL ELSE o.place = 1 END)`;
}
