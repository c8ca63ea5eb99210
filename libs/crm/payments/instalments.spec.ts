import fc from 'fast-check';
import { instalmentsOf, INTERVALS } from './instalments.js';

const MONTHS = { month: 1, quarter: 3, half_year: 6, year: 12 } as const;

const plan = (facts: object) =>
  instalmentsOf({
    amount: '100.00',
    currency: 'RUB',
    instalments: 3,
    firstDate: '2026-01-31',
    every: 'month',
    ...facts,
  });
const datesOf = (facts: object): string[] => plan(facts).map(({ plannedDate }) => plannedDate);
const hundredths = (amount: string): bigint => BigInt(amount.replace('.', ''));
const text = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;

describe('a schedule', () => {
  it('adds up to the whole exactly, in parts that differ by 0.01 at most, the larger ones first', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 99_999_999_999_999n }),
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom(...INTERVALS),
        (cents, instalments, every) => {
          fc.pre(cents >= BigInt(instalments));
          const parts = plan({ amount: text(cents), instalments, every }).map((part) => hundredths(part.plannedAmount));
          expect(parts).toHaveLength(instalments);
          expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(cents);
          expect(parts[0]! - parts.at(-1)!).toBeLessThanOrEqual(1n);
          expect(parts).toEqual(parts.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('comes back to the day it began on, or to the last one of a shorter month', () => {
    const days = fc.date({ min: new Date('1900-01-01'), max: new Date('2600-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 60 }), fc.constantFrom(...INTERVALS), (day, instalments, every) => {
        const firstDate = day.toISOString().slice(0, 10);
        const dates = datesOf({ firstDate, instalments, every });
        expect(dates).toEqual(dates.map((_, index) => expectedDate(firstDate, every, index)));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['2026-01-31', 'month', ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30']],
    ['2028-01-31', 'month', ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']],
    ['2026-08-31', 'half_year', ['2026-08-31', '2027-02-28', '2027-08-31', '2028-02-29']],
    ['2024-02-29', 'year', ['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28']],
    ['2026-11-30', 'quarter', ['2026-11-30', '2027-02-28', '2027-05-30', '2027-08-30']],
    ['2026-12-24', 'week', ['2026-12-24', '2026-12-31', '2027-01-07', '2027-01-14']],
    ['2100-01-29', 'month', ['2100-01-29', '2100-02-28', '2100-03-29', '2100-04-29']],
  ])('from %s every %s', (firstDate, every, dates) => {
    expect(datesOf({ firstDate, every, instalments: 4 })).toEqual(dates);
  });

  it('reaches the end of the year 9999 and not a day further', () => {
    expect(datesOf({ firstDate: '9999-10-31', instalments: 3 })).toEqual(['9999-10-31', '9999-11-30', '9999-12-31']);
    expect(datesOf({ firstDate: '9999-12-17', every: 'week' })).toEqual(['9999-12-17', '9999-12-24', '9999-12-31']);
    const late = { code: 'instalment_too_late' };
    expect(() => plan({ firstDate: '9999-11-01' })).toThrow(expect.objectContaining(late));
    expect(() => plan({ firstDate: '9999-12-18', every: 'week' })).toThrow(expect.objectContaining(late));
  });

  it('has no empty part', () => {
    expect(plan({ amount: '0.03' }).map(({ plannedAmount }) => plannedAmount)).toEqual(['0.01', '0.01', '0.01']);
    const yen = plan({ amount: '100', currency: 'JPY' }).map(({ plannedAmount }) => plannedAmount);
    expect(yen).toEqual(['34.00', '33.00', '33.00']);
    expect(() => plan({ amount: '2', currency: 'JPY' })).toThrow(
      expect.objectContaining({ code: 'instalment_too_small' }),
    );
    expect(() => plan({ amount: '0.02' })).toThrow(expect.objectContaining({ code: 'instalment_too_small' }));
  });
});

/** By JavaScript's own calendar, in another way than the schedule counts. */
function expectedDate(first: string, every: (typeof INTERVALS)[number], index: number): string {
  const date = new Date(first);
  if (every === 'week') {
    date.setUTCDate(date.getUTCDate() + 7 * index);
    return date.toISOString().slice(0, 10);
  }
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + MONTHS[every] * index);
  // The month had no such day, and the date ran on into the next one.
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.toISOString().slice(0, 10);
}
