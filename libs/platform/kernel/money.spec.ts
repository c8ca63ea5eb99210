import fc from 'fast-check';
import { Money } from './money.js';

const hundredths = fc.bigInt({ min: 0n, max: 99_999_999_999_999n });
const text = (value: bigint): string => `${value / 100n}.${(value % 100n).toString().padStart(2, '0')}`;

describe('money', () => {
  it.each(['1.005', '1e3', 'NaN', 'Infinity', '', '.5', '1.', ' 1', '1,00', '+1', '1234567890123', '0x10'])(
    'refuses %p as an amount',
    (amount) => {
      expect(() => Money.of(amount, 'RUB')).toThrow(RangeError);
    },
  );

  it('shows two decimals, whatever it was made of', () => {
    expect(['7', '7.5', '0.07', '-3.10'].map((amount) => Money.of(amount, 'rub ').amount)).toEqual([
      '7.00',
      '7.50',
      '0.07',
      '-3.10',
    ]);
    expect(Money.of('1', ' rub').currency).toBe('RUB');
  });

  it('adds and subtracts exactly', () => {
    fc.assert(
      fc.property(hundredths, hundredths, (a, b) => {
        const sum = Money.of(text(a / 2n), 'RUB').plus(Money.of(text(b / 2n), 'RUB'));
        expect(sum.minus(Money.of(text(b / 2n), 'RUB')).amount).toBe(text(a / 2n));
      }),
    );
  });

  it('never adds one currency to another', () => {
    expect(() => Money.of('1', 'RUB').plus(Money.of('1', 'USD'))).toThrow(RangeError);
  });

  it('splits into parts that add up to the whole and differ by a hundredth at most', () => {
    fc.assert(
      fc.property(hundredths, fc.integer({ min: 1, max: 120 }), (whole, parts) => {
        const shares = Money.of(text(whole), 'RUB').split(parts);
        expect(shares).toHaveLength(parts);
        expect(shares.reduce((sum, share) => sum.plus(share)).amount).toBe(text(whole));
        const spread = shares[0]!.minus(shares.at(-1)!).amount;
        expect(['0.00', '0.01']).toContain(spread);
      }),
    );
  });
});
