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
});
