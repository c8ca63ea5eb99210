import type { CalendarDate } from '#platform/kernel';

const PLURAL = new Intl.PluralRules('ru');
const DAYS: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: 'день', few: 'дня' };

/** A number of days in Russian: `1 день`, `3 дня`, `14 дней`. */
export function dayCount(count: number): string {
  return `${count} ${DAYS[PLURAL.select(count)] ?? 'дней'}`;
}

/** A date as it is written in Russian: `03.04.2026`. */
export function writtenDate(date: CalendarDate): string {
  return date.split('-').reverse().join('.');
}
