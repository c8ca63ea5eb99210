import { addDays, businessDay, daysBetween, isCalendarDate } from './calendar-date.js';

describe('a calendar date', () => {
  it.each(['2026-02-28', '2028-02-29', '0001-01-01', '9999-12-31'])('takes the existing day %s', (day) => {
    expect(isCalendarDate(day)).toBe(true);
  });

  it.each(['2026-02-29', '2026-13-01', '0000-01-01', '2026-1-1', '2026-01-01T00:00:00Z', '', null, 20260101])(
    'refuses %p',
    (day) => {
      expect(isCalendarDate(day)).toBe(false);
    },
  );

  it.each(['0001', '0004', '0099', '0100', '1900', '2000', '2026', '2028', '9999'])(
    'takes exactly the days of the year %s',
    (year) => {
      const texts = twoDigits(13).flatMap((month) => twoDigits(32).map((day) => `${year}-${month}-${day}`));
      expect(texts.filter(isCalendarDate)).toEqual(daysOf(year));
    },
  );

  it('moves over the ends of months and leap days', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });

  it('counts the days between two dates', () => {
    expect(daysBetween('2028-02-28', '2028-03-01')).toBe(2);
    expect(daysBetween('2026-01-01', '2025-12-31')).toBe(-1);
  });

  it('is the day of the business zone, not of UTC', () => {
    expect(businessDay('2026-11-23T21:30:00.000Z', 'Europe/Moscow')).toBe('2026-11-24');
    expect(businessDay('2026-11-23T20:59:59.999Z', 'Europe/Moscow')).toBe('2026-11-23');
  });

  it.each([
    ['Europe/Moscow', '2026-11-23T20:59:59.999Z', '2026-11-23T21:00:00.000Z', '2026-11-24'],
    ['Asia/Kathmandu', '2026-11-23T18:14:59.999Z', '2026-11-23T18:15:00.000Z', '2026-11-24'],
    // The day of a change to summer time starts at 01:00.
    ['America/Sao_Paulo', '2018-11-04T02:59:59.999Z', '2018-11-04T03:00:00.000Z', '2018-11-04'],
    // The last zone whose offset had seconds.
    ['Africa/Monrovia', '1970-06-01T00:44:29.999Z', '1970-06-01T00:44:30.000Z', '1970-06-01'],
  ])('starts a day of %s at midnight, also right after a call in the day before', (zone, last, first, day) => {
    expect([businessDay(last, zone), businessDay(first, zone)]).toEqual([addDays(day, -1), day]);
    expect(businessDay(last, zone)).toBe(addDays(day, -1));
  });

  it('is computed for each zone separately', () => {
    const at = '2026-11-23T21:30:00.000Z';
    expect(['Europe/Moscow', 'UTC', 'Europe/Moscow'].map((zone) => businessDay(at, zone))).toEqual([
      '2026-11-24',
      '2026-11-23',
      '2026-11-24',
    ]);
  });
});

function twoDigits(max: number): string[] {
  return Array.from({ length: max + 1 }, (_, value) => String(value).padStart(2, '0'));
}

function daysOf(year: string): string[] {
  const days: string[] = [];
  const day = new Date(`${year}-01-01T00:00:00Z`);
  for (; day.getUTCFullYear() === Number(year); day.setUTCDate(day.getUTCDate() + 1)) {
    days.push(day.toISOString().slice(0, 10));
  }
  return days;
}
