import type { Stage } from './resources.js';

const LOCALE = 'en-GB';
const DAY_MS = 86_400_000;
const NARROW_SPACE = '\u202f';

export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  qualification: 'Qualification',
  negotiation: 'Negotiation',
  proposal: 'Proposal',
  closedWon: 'Won',
  closedLost: 'Lost',
};

/** Groups the digits of decimal text; never converts it to a float. */
export function money(amount: string): string {
  const [whole = '', cents = '00'] = amount.split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE).replace('-', '−')}.${cents}`;
}

/** Whether decimal text is zero. */
export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount);
}

const dayFormat = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const yearFormat = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});
const clockFormat = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const momentFormat = new Intl.DateTimeFormat(LOCALE, {
  ...{ day: 'numeric', month: 'short', year: 'numeric' },
  ...{ hour: '2-digit', minute: '2-digit' },
});

/** A calendar date, with its year when it isn't this one. */
export function day(date: string): string {
  const format = date.startsWith(today().slice(0, 4)) ? dayFormat : yearFormat;
  return format.format(new Date(`${date}T00:00:00Z`));
}

export function clock(time: string | Date): string {
  return clockFormat.format(new Date(time));
}

export function moment(time: string): string {
  return momentFormat.format(new Date(time));
}

/** Today in the browser's time zone. */
export function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** The date in so many days. */
export function dayFromToday(days: number): string {
  return new Date(Date.parse(today()) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Days from today; negative for the past. */
export function daysUntil(date: string): number {
  return Math.round((Date.parse(date) - Date.parse(today())) / DAY_MS);
}

/** `3 d overdue`, `today`, `in 2 d`. */
export function due(date: string): string {
  const days = daysUntil(date);
  if (days === 0) return 'today';
  return days < 0 ? `${-days} d overdue` : `in ${days} d`;
}

/** The end of an id distinguishes rows better than its beginning, which is a time. */
export function shortId(id: string): string {
  return `…${id.slice(-6)}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Converts `partially_paid` to words. */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}
