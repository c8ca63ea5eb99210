/** Types of the API's resources; money is decimal text, dates `YYYY-MM-DD`, times RFC 3339. */

export const STAGES = ['qualification', 'negotiation', 'proposal', 'closedWon', 'closedLost'] as const;
export type Stage = (typeof STAGES)[number];

/** Stages of open deals. */
export const OPEN_STAGES = STAGES.slice(0, 3);

export interface Listed<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

export interface Deal {
  readonly id: string;
  readonly client_id: string;
  readonly title: string;
  readonly description: string | null;
  readonly stage: Stage;
  readonly owner_id: string | null;
  readonly executor_id: string | null;
  readonly next_review_at: string;
  readonly closed_at: string | null;
  readonly lost_reason: string | null;
  readonly created_at: string;
}

export interface StageMetric {
  readonly stage: Stage;
  readonly count: number;
  readonly total_value: readonly { readonly currency: string; readonly amount: string }[];
  /** Share of all deals, 0..1. */
  readonly conversion_rate: number;
  readonly avg_cycle_duration_days: number | null;
}

export interface JournalEntry {
  readonly id: string;
  readonly seq: number;
  readonly kind: 'note' | 'system';
  readonly author_id: string | null;
  readonly body: string;
  /** Previous and current values of the changed fields. */
  readonly data: { readonly before?: Fields | null; readonly after?: Fields | null };
  readonly created_at: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface Quote {
  readonly id: string;
  readonly insurance_company: string;
  readonly program_name: string | null;
  readonly premium_amount: string | null;
  readonly coverage_sum: string | null;
  readonly currency: string | null;
  readonly validity_period: { readonly start: string; readonly end: string } | null;
  readonly status: string;
  readonly expired: boolean;
}

export interface Policy {
  readonly id: string;
  readonly deal_id: string | null;
  readonly client_id: string;
  readonly insurance_company: string | null;
  readonly policy_number: string | null;
  readonly premium: string | null;
  readonly currency: string | null;
  readonly effective_from: string | null;
  readonly effective_to: string | null;
  readonly status: string;
  readonly renewal_due: boolean;
}

export interface Payment {
  readonly id: string;
  readonly deal_id: string;
  readonly sequence: number;
  readonly status: string;
  readonly planned_date: string;
  readonly planned_amount: string;
  readonly currency: string;
  readonly comment: string | null;
  readonly incomes_total: string;
  readonly expenses_total: string;
  readonly net_total: string;
}

/** A deal's money in one currency. */
export interface MoneySummary {
  readonly currency: string;
  readonly planned_total: string;
  readonly incomes_total: string;
  readonly expenses_total: string;
  readonly net_total: string;
  readonly in_transit: string;
  readonly own: string;
}

/** One frame of the stream, parsed. */
export interface CrmEvent {
  readonly id: string;
  /** `crm.` and the routing key. */
  readonly type: string;
  readonly time: string;
  /** Position in the log. */
  readonly position: string;
  readonly subject: string;
  readonly deal_id: string | null;
  readonly client_id: string | null;
  readonly actor_id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}
