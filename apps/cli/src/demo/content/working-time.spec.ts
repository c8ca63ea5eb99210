import { WorkingTime } from './working-time.js';

const MOSCOW = 'Europe/Moscow';

describe('working time', () => {
  it('goes back from the evening of the last workday, over weekends', () => {
    const monday = new WorkingTime('2026-11-23T06:30:00.000Z', MOSCOW);
    expect(monday.today).toBe('2026-11-23');
    expect([0, 0.5, 1, 5].map((workdays) => monday.ago(workdays))).toEqual([
      '2026-11-20T15:00:00.000Z',
      '2026-11-20T10:30:00.000Z',
      '2026-11-19T15:00:00.000Z',
      '2026-11-13T15:00:00.000Z',
    ]);
  });

  it('begins a day at midnight of the business', () => {
    expect(new WorkingTime('2026-11-24T22:00:00.000Z', MOSCOW).day(0)).toBe('2026-11-24');
    expect(new WorkingTime('2026-11-24T22:00:00.000Z', 'UTC').day(0)).toBe('2026-11-23');
  });

  it('is never in the future, not even in the easternmost time zone', () => {
    const now = '2026-11-24T11:00:00.000Z';
    expect(new WorkingTime(now, 'Pacific/Auckland').ago(0)).toBe(now);
  });

  it('counts the workdays back to the end of a day', () => {
    const monday = new WorkingTime('2026-11-23T06:30:00.000Z', MOSCOW);
    const days = ['2026-12-24', '2026-11-22', '2026-11-20', '2026-11-19', '2026-11-15'];
    expect(days.map((day) => monday.workdaysSince(day))).toEqual([0, 0, 0, 1, 5]);
    expect(() => monday.workdaysSince('2020-01-01')).toThrow(RangeError);
  });

  it('covers a year, and refuses earlier days', () => {
    const time = new WorkingTime('2026-11-23T06:30:00.000Z', MOSCOW);
    expect(time.day(250) < '2025-12-15').toBe(true);
    expect(() => time.day(1_000)).toThrow(RangeError);
  });
});
