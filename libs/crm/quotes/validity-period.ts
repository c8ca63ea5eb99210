import { addDays, type CalendarDate } from '#platform/kernel';
import type { ValidityPeriod } from './contracts.js';

/** How PostgreSQL writes the first day after the last one of this program's calendar. */
const AFTER_ALL_DAYS = '10000-01-01';
const LAST_DAY = '9999-12-31';
const RANGE = /^([[(])([^,]*),([^)\]]*)([)\]])$/;

/** A period as PostgreSQL's `daterange`, both days included. */
export function toRange(period: ValidityPeriod | null): string | null {
  return period && `[${period.start ?? ''},${period.end ?? ''}]`;
}

/** The period of a `daterange`; PostgreSQL writes the end as the first day after it. */
export function fromRange(range: string | null): ValidityPeriod | null {
  const match = range === null ? null : RANGE.exec(range);
  if (!match) return null;
  const [, opening, from, to, closing] = match;
  return {
    start: from ? (opening === '(' ? addDays(from, 1) : from) : null,
    end: to ? (closing === ')' ? dayBefore(to) : to) : null,
  };
}

function dayBefore(day: string): CalendarDate {
  return day === AFTER_ALL_DAYS ? LAST_DAY : addDays(day, -1);
}

/** Whether the offer is no longer valid on `today`. */
export function isPast(period: ValidityPeriod | null, today: CalendarDate): boolean {
  return period?.end != null && period.end < today;
}
