import { addDays, type CalendarDate, Money } from '#platform/kernel';
import { instalmentTooLate, instalmentTooSmall } from './payment.errors.js';

export const INTERVALS = ['week', 'month', 'quarter', 'half_year', 'year'] as const;
/** The time between two instalments. */
export type Interval = (typeof INTERVALS)[number];

const MONTHS: Readonly<Record<Exclude<Interval, 'week'>, number>> = { month: 1, quarter: 3, half_year: 6, year: 12 };
const LAST_YEAR = 9999;

/** One part of a whole. */
export interface Instalment {
  readonly plannedDate: CalendarDate;
  /** Decimal text with two digits. */
  readonly plannedAmount: string;
}

/** What is to be split. */
export interface SchedulePlan {
  /** Decimal text. */
  readonly amount: string;
  readonly currency: string;
  readonly instalments: number;
  readonly firstDate: CalendarDate;
  readonly every: Interval;
}

/**
 * Splits an amount exactly: parts differ by the currency's smallest unit at most, the larger ones first. Dates are counted from the first one,
 * so that the 31st comes back after a shorter month.
 * @throws DomainError `currency_not_supported`, `amount_precision`, `instalment_too_small`, `instalment_too_late`.
 */
export function instalmentsOf({ amount, currency, instalments, firstDate, every }: SchedulePlan): Instalment[] {
  const parts = Money.given(amount, currency, 'amount').split(instalments);
  if (parts.at(-1)!.compare(Money.of('0', currency)) <= 0) throw instalmentTooSmall();
  return parts.map((part, index) => ({ plannedDate: dateOf(firstDate, every, index), plannedAmount: part.amount }));
}

function dateOf(first: CalendarDate, every: Interval, index: number): CalendarDate {
  if (every === 'week') return requireYear(addDays(first, 7 * index));
  const [year, month, day] = first.split('-').map(Number) as [number, number, number];
  const months = year * 12 + (month - 1) + MONTHS[every] * index;
  if (Math.floor(months / 12) > LAST_YEAR) throw instalmentTooLate();
  const monthStart = `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}-01`;
  return addDays(monthStart, Math.min(day, daysIn(monthStart)) - 1);
}

function daysIn(monthStart: CalendarDate): number {
  const end = new Date(`${monthStart}T00:00:00Z`);
  end.setUTCMonth(end.getUTCMonth() + 1, 0);
  return end.getUTCDate();
}

function requireYear(date: CalendarDate): CalendarDate {
  // Years past 9999 are written with a sign.
  if (!/^\d{4}-/.test(date)) throw instalmentTooLate();
  return date;
}
