import { type CalendarDate, Money } from '#platform/kernel';
import { actualDateBeforePlanned, actualDateInFuture } from './payment.errors.js';
import type { DealOfPayment } from './payment.events.js';

/** Fields of a payment; money is decimal text. The functions below check the rules of its amount and dates. */
export interface PaymentFacts {
  readonly plannedDate: CalendarDate;
  readonly plannedAmount: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly comment: string | null;
  readonly actualDate: CalendarDate | null;
}

/** The deal of a payment, and its policy if it has one. */
export interface PaymentPlace {
  readonly deal: DealOfPayment;
  readonly policyId: string | null;
  readonly sequence: number;
}

/** The facts with the amount as it is stored. */
export function asStored(facts: Partial<PaymentFacts>): Partial<PaymentFacts> {
  const { plannedAmount } = facts;
  return plannedAmount === undefined ? facts : { ...facts, plannedAmount: Money.normalised(plannedAmount) };
}

/**
 * The planned amount in its currency.
 * @param given the facts of the request; one that gives only the amount corrects it in the known currency.
 * @throws DomainError `amount_precision`, `currency_not_supported`.
 */
export function plannedMoney(amount: string, currency: string, given: Partial<PaymentFacts>): Money {
  return given.currency === undefined
    ? Money.corrected(amount, currency, 'planned_amount')
    : Money.given(amount, currency, 'planned_amount');
}

/**
 * Checks the day on which a payment was paid.
 * @param latest the latest day allowed; null when the day is not changed.
 * @throws DomainError `actual_date_in_future`, `actual_date_before_planned_date`.
 */
export function requireActualDate(
  planned: CalendarDate,
  actual: CalendarDate | null,
  latest: CalendarDate | null,
): void {
  if (actual === null) return;
  if (latest !== null && actual > latest) throw actualDateInFuture();
  if (actual < planned) throw actualDateBeforePlanned();
}
