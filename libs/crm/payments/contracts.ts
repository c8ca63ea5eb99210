import { Query } from '@nestjs/cqrs';
import type { CalendarDate, Caller, Instant } from '#platform/kernel';

export const PAYMENT_STATUSES = ['scheduled', 'partially_paid', 'paid', 'cancelled'] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** What a line's money is; `premium` and `refund` belong to others and are only in transit, the rest is the broker's. */
export const NATURES = ['premium', 'commission', 'discount', 'payout', 'fee', 'refund', 'other'] as const;
export type Nature = (typeof NATURES)[number];

/** Money in, money out. */
export const LINE_KINDS = ['income', 'expense'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** A line of a payment as the REST API and the events show it; money is decimal text with two digits. */
export interface PaymentLineView {
  readonly id: string;
  readonly payment_id: string;
  readonly amount: string;
  readonly currency: string;
  readonly category: string;
  readonly nature: Nature;
  readonly posted_at: CalendarDate;
  readonly note: string | null;
  readonly created_by_id: string;
  readonly updated_by_id: string;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** A payment as the REST API and the events show it; money is decimal text with two digits. */
export interface PaymentView {
  readonly id: string;
  readonly deal_id: string;
  readonly policy_id: string | null;
  /** 1, 2, 3 … per deal and policy, never used again. */
  readonly sequence: number;
  readonly status: PaymentStatus;
  readonly planned_date: CalendarDate;
  readonly planned_amount: string;
  readonly currency: string;
  readonly comment: string | null;
  readonly actual_date: CalendarDate | null;
  readonly incomes_total: string;
  readonly expenses_total: string;
  /** Incomes less expenses; below zero when more went out than came in. */
  readonly net_total: string;
  /** Who confirmed it. */
  readonly recorded_by_id: string | null;
  readonly created_by_id: string;
  readonly updated_by_id: string;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  /** Lines that are not deleted, when requested. */
  readonly incomes?: readonly PaymentLineView[];
  readonly expenses?: readonly PaymentLineView[];
}

/** The money of one nature and currency in a deal; decimal text. */
export interface NatureTotals {
  readonly nature: Nature;
  readonly incomes: string;
  readonly expenses: string;
  readonly net: string;
}

/** A deal's money in one currency; decimal text with two digits. */
export interface CurrencySummary {
  readonly currency: string;
  /** Planned by payments neither cancelled nor deleted. */
  readonly planned_total: string;
  readonly incomes_total: string;
  readonly expenses_total: string;
  readonly net_total: string;
  /** The client's and the insurer's money that passes through: premiums and refunds, in less out. */
  readonly in_transit: string;
  /** The broker's own: everything else, in less out. */
  readonly own: string;
  /** In the order of {@link NATURES}; natures without lines are left out. */
  readonly natures: readonly NatureTotals[];
}

/** Reads the currencies of a deal's payments that are not deleted, each once, without an access check. */
export class PlannedCurrenciesQuery extends Query<readonly string[]> {
  constructor(readonly dealId: string) {
    super();
  }
}

/** Reads the money per currency of a deal visible to the caller; refused with `deal_not_found`. */
export class SummarizePaymentsQuery extends Query<readonly CurrencySummary[]> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly policyId: string | null = null,
    /** `rpc`: as another service reads it, regardless of its user. */
    readonly action: 'read' | 'rpc' = 'read',
  ) {
    super();
  }
}

/**
 * Whether a deal or a policy has payments that are not deleted and prevent its deletion; no access check. In a
 * unit of work that has locked the deal no payment can be added meanwhile.
 */
export class HasPaymentsQuery extends Query<boolean> {
  constructor(readonly of: { readonly dealId: string } | { readonly policyId: string }) {
    super();
  }
}

/**
 * What payments show to the SQL of deals: a view of `deal_id`, `currency`, `amount`, one row for each payment that is
 * neither cancelled nor deleted.
 */
export const DEAL_PLANNED_MONEY = 'crm.deal_planned_money';
