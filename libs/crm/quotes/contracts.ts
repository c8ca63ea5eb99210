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
