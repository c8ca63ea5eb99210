import { isZero, money } from './format.js';

describe('money', () => {
  it.each([
    ['0.00', '0.00'],
    ['999.90', '999.90'],
    ['1234567.80', '1 234 567.80'],
    ['-1234.00', '−1 234.00'],
    ['99999999999999999999.99', '99 999 999 999 999 999 999.99'],
  ])('%s is shown as %s, every digit as it came', (amount, shown) => {
    expect(money(amount)).toBe(shown.replaceAll(' ', '\u202f'));
  });

  it('is nothing only when every digit is nought', () => {
    expect([isZero('0.00'), isZero('0.01'), isZero('-10.00')]).toEqual([true, false, false]);
  });
});
