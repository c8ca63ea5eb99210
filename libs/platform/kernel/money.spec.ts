import fc from 'fast-check';
import { Money, WHOLE_CURRENCIES } from './money.js';

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

  it.each([
    ['100.50', 'JPY', 'amount_precision'],
    ['0.01', 'krw', 'amount_precision'],
    ['1', 'KWD', 'currency_not_supported'],
    ['1.50', 'TND', 'currency_not_supported'],
    ['1', 'CLF', 'currency_not_supported'],
  ])('%s %s is refused: %s', (amount, currency, code) => {
    expect(() => Money.given(amount, currency, 'premium')).toThrow(
      expect.objectContaining({ kind: 'unprocessable', code }),
    );
    expect(Money.of(amount, currency).currency).toBe(currency.toUpperCase());
  });

  it.each([
    ['1.005', 'RUB', 'amount_precision', '/premium'],
    ['1.500', 'usd', 'amount_precision', '/premium'],
    ['1.005', 'JPY', 'amount_precision', '/premium'],
    ['1.005', 'KWD', 'currency_not_supported', '/currency'],
    ['1.50', 'KWD', 'currency_not_supported', '/currency'],
  ])('%s %s is refused with %s at %s', (amount, currency, code, pointer) => {
    expect(() => Money.given(amount, currency, 'premium')).toThrow(
      expect.objectContaining({ code, details: { errors: [expect.objectContaining({ pointer, code })] } }),
    );
  });

  it('corrects a stored amount in a currency that new amounts may not have', () => {
    expect(Money.corrected('1.5', 'KWD', 'amount').amount).toBe('1.50');
    expect(() => Money.corrected('1.005', 'KWD', 'amount')).toThrow(
      expect.objectContaining({ code: 'amount_precision' }),
    );
  });

  it('normalises a text to two decimals, unless it has more', () => {
    expect(['7', '7.5', '1.500'].map((amount) => Money.normalised(amount))).toEqual(['7.00', '7.50', '1.500']);
  });

  it.each([
    ['100', 'JPY', '100.00'],
    ['100.00', 'JPY', '100.00'],
    ['100.5', 'RUB', '100.50'],
  ])('%s %s is taken as %s', (amount, currency, text) => {
    expect(Money.given(amount, currency, 'amount').amount).toBe(text);
  });

  it('splits by the unit of the currency: whole ones where it has no decimals', () => {
    const currencies = fc.constantFrom('RUB', 'USD', ...WHOLE_CURRENCIES);
    fc.assert(
      fc.property(
        currencies,
        fc.bigInt({ min: 0n, max: 999_999_999_999n }),
        fc.integer({ min: 1, max: 120 }),
        (currency, units, parts) => {
          const isWhole = WHOLE_CURRENCIES.includes(currency);
          const whole = isWhole ? `${units}.00` : text(units);
          const shares = Money.given(whole, currency, 'amount').split(parts);
          expect(shares.reduce((sum, share) => sum.plus(share)).amount).toBe(whole);
          if (isWhole) expect(shares.every(({ amount }) => amount.endsWith('.00'))).toBe(true);
          const spread = shares[0]!.minus(shares.at(-1)!).amount;
          expect(['0.00', isWhole ? '1.00' : '0.01']).toContain(spread);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(() => Money.of('100.50', 'JPY').split(2)).toThrow(RangeError);
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
