import { fromRange, isPast, toRange } from './validity-period.js';

describe('a validity period', () => {
  it.each([
    [{ start: '2026-03-15', end: '2027-03-14' }, '[2026-03-15,2027-03-14]', '[2026-03-15,2027-03-15)'],
    [{ start: '2026-03-15', end: '2026-03-15' }, '[2026-03-15,2026-03-15]', '[2026-03-15,2026-03-16)'],
    [{ start: '2026-03-15', end: null }, '[2026-03-15,]', '[2026-03-15,)'],
    [{ start: null, end: '2024-02-29' }, '[,2024-02-29]', '(,2024-03-01)'],
    [{ start: '2026-03-15', end: '9999-12-31' }, '[2026-03-15,9999-12-31]', '[2026-03-15,10000-01-01)'],
    [{ start: null, end: null }, '[,]', '(,)'],
  ])('%j is written %s and read back from %s', (period, written, stored) => {
    expect(toRange(period)).toBe(written);
    expect(fromRange(written)).toEqual(period);
    expect(fromRange(stored)).toEqual(period);
  });

  it('that is not given stays so', () => {
    expect(toRange(null)).toBeNull();
    expect(fromRange(null)).toBeNull();
  });

  it('whose first day is not included begins the day after', () => {
    expect(fromRange('(2026-03-15,2027-03-14]')).toEqual({ start: '2026-03-16', end: '2027-03-14' });
  });

  it('is past from the day after its end', () => {
    const period = { start: null, end: '2026-03-02' };
    expect(['2026-03-01', '2026-03-02', '2026-03-03'].map((day) => isPast(period, day))).toEqual([false, false, true]);
    expect(isPast({ start: '2026-03-15', end: null }, '2099-01-01')).toBe(false);
    expect(isPast(null, '2099-01-01')).toBe(false);
  });
});
