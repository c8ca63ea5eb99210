import type { Instant } from './clock.js';

/** A day of the calendar without time or zone, `YYYY-MM-DD`; compares correctly as text. */
export type CalendarDate = string;

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** True when `value` names a day that exists, from 0001-01-01 to 9999-12-31. */
export function isCalendarDate(value: unknown): value is CalendarDate {
  const match = typeof value === 'string' ? SHAPE.exec(value) : null;
  if (!match || match[1] === '0000') return false;
  const date = new Date(`${match[0]}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(match[0]);
}

/** The day `days` after `date` (before it when negative). */
export function addDays(date: CalendarDate, days: number): CalendarDate {
  const moved = new Date(`${date}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** Days from `first` to `last`; negative when `last` is earlier. */
export function daysBetween(first: CalendarDate, last: CalendarDate): number {
  return Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The day it is at `at` in `timeZone` (an IANA name): what the business calls today. */
export function businessDay(at: Instant, timeZone: string): CalendarDate {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    // The Swedish locale writes dates as YYYY-MM-DD.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    formatters.set(timeZone, formatter);
  }
  return formatter.format(new Date(at));
}
