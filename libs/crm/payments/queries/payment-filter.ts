import { insurerKey, POLICY_INSURERS } from '#crm/policies/contracts';
import { addDays, type CalendarDate, type DateRange, type ListColumns } from '#platform/kernel';
import { SqlConditions } from '#platform/persistence';
import type { PaymentStatus } from '../contracts.js';

/**
 * Columns of the list; the earliest planned payment first. Not sorted by the last change: an index in that order would
 * end HOT updates, and every income updates the totals of its payment.
 */
export const PAYMENT_LIST = {
  name: 'payments',
  sort: 'planned_date',
  sorts: {
    planned_date: { 'p.planned_date': 'date', 'p.id': 'uuid' },
    actual_date: { 'p.actual_date': 'date?', 'p.id': 'uuid' },
    created_at: { 'p.created_at': 'timestamptz', 'p.id': 'uuid' },
  },
  ranges: {
    planned: { column: 'p.planned_date', type: 'date' },
    actual: { column: 'p.actual_date', type: 'date?' },
    created: { column: 'p.created_at', type: 'timestamptz' },
    updated: { column: 'p.updated_at', type: 'timestamptz' },
  },
} as const satisfies ListColumns;

/** Horizons of the planned date, in days. */
export const PERIODS = { '7d': 7, '30d': 30, '90d': 90 } as const;
export type PaymentPeriod = keyof typeof PERIODS;

/** Which payments are meant; what is absent doesn't narrow. */
export interface PaymentFilter {
  readonly dealId?: string;
  readonly policyId?: string;
  /** Any of them; every one when empty. */
  readonly statuses: readonly PaymentStatus[];
  /** With an income or expense that was posted on these days, both included. */
  readonly postedFrom?: CalendarDate;
  readonly postedTo?: CalendarDate;
  readonly ranges?: readonly DateRange[];
  /** Not paid in full and planned within these days, overdue ones included. */
  readonly period?: PaymentPeriod;
  /** Whether it is not paid in full although its planned date is over. */
  readonly isOverdue?: boolean;
  /** False leaves out cancelled payments too: they cannot be confirmed. */
  readonly isConfirmed?: boolean;
  /** The insurer of the policy, however written. */
  readonly insuranceCompany?: string;
}

/** The condition of the index `payments_outstanding_idx`. */
const OUTSTANDING = `p.cancelled_at IS NULL AND p.status <> 'paid'`;

/** The filter, but for its ranges, as conditions on `crm.payments p`. */
export function paymentConditions(filter: PaymentFilter, ...fixed: string[]): SqlConditions {
  const where = new SqlConditions('NOT p.is_deleted', ...fixed);
  const { dealId, policyId, statuses } = filter;
  if (dealId) where.add((p) => `p.deal_id = ${p}::uuid`, dealId);
  if (policyId) where.add((p) => `p.policy_id = ${p}::uuid`, policyId);
  if (statuses.length > 0) where.addAnyOf('p.status', statuses);
  addPosted(where, filter);
  return where;
}

/** A union, so that PostgreSQL can read few lines from the indexes of their days. */
function addPosted(where: SqlConditions, { postedFrom, postedTo }: PaymentFilter): void {
  if (!postedFrom && !postedTo) return;
  const from = `${where.parameter(postedFrom ?? '-infinity')}::date`;
  const to = `${where.parameter(postedTo ?? 'infinity')}::date`;
  const lines = ['incomes', 'expenses'].map(
    (kind) => `SELECT l.payment_id FROM crm.payment_${kind} l
      WHERE NOT l.is_deleted AND l.posted_at BETWEEN ${from} AND ${to}`,
  );
  where.planEachTime().addSql(`p.id IN (${lines.join(' UNION ALL ')})`);
}

/** Limits `crm.payments p` to those that are due, to be confirmed, or of an insurer. */
export function addDueFilter(where: SqlConditions, filter: PaymentFilter, today: CalendarDate): void {
  const { period, isOverdue, isConfirmed, insuranceCompany } = filter;
  if (period) where.add((p) => `${OUTSTANDING} AND p.planned_date <= ${p}::date`, addDays(today, PERIODS[period]));
  if (isOverdue) where.add((p) => `${OUTSTANDING} AND p.planned_date < ${p}::date`, today);
  if (isOverdue === false) where.add((p) => `NOT (${OUTSTANDING} AND p.planned_date < ${p}::date)`, today);
  if (isConfirmed) where.addSql('p.recorded_by_id IS NOT NULL');
  if (isConfirmed === false) where.addSql('p.recorded_by_id IS NULL AND p.cancelled_at IS NULL');
  if (insuranceCompany) {
    const ofInsurer = (key: string) =>
      `SELECT i.policy_id FROM ${POLICY_INSURERS} i WHERE i.insurer_key = ${key}::text`;
    where.add((p) => `p.policy_id IN (${ofInsurer(p)})`, insurerKey(insuranceCompany));
  }
}
