import type { Instant } from './clock.js';

/** A day of the calendar without time or zone, `YYYY-MM-DD`; compares correctly as text. */
export type CalendarDate = string;

const SHAPE = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const DAY_OF_MONTH = 'YYYY-MM-'.length;
const SECOND_LENGTH = 'YYYY-MM-DDThh:mm:ss'.length;

/** True when `value` names a day that exists, from 0001-01-01 to 9999-12-31. */
export function isCalendarDate(value: unknown): value is CalendarDate {
  if (typeof value !== 'string' || !SHAPE.test(value)) return false;
  // `Date` reads 30 February as 2 March.
  return new Date(value).getUTCDate() === Number(value.slice(DAY_OF_MONTH));
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

const zones = new Map<string, ZoneCalendar>();

/** The day it is at `at` in `timeZone` (an IANA name): what the business calls today. */
export function businessDay(at: Instant, timeZone: string): CalendarDate {
  let zone = zones.get(timeZone);
  if (!zone) {
    zone = new ZoneCalendar(timeZone);
    zones.set(timeZone, zone);
  }
  return zone.dayAt(at);
}

/** The calendar of one time zone. It formats once per second, because most calls are for the current second. */
class ZoneCalendar {
  private readonly formatter: Intl.DateTimeFormat;
  private second: string | undefined;
  private day: CalendarDate = '';

  constructor(timeZone: string) {
    // The Swedish locale writes dates as YYYY-MM-DD.
    this.formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  }

  /** No day starts within a second: offsets of time zones, past ones included, are whole seconds. */
  dayAt(at: Instant): CalendarDate {
    const second = at.slice(0, SECOND_LENGTH);
    if (second !== this.second) {
      this.day = this.formatter.format(new Date(at));
      this.second = second;
    }
    return this.day;
  }
}
