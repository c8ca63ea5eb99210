import { insurerKey } from './contracts.js';
import { numberKey } from './policy-number.js';

describe('a policy number', () => {
  it.each([
    ['xxx 0123456789', 'XXX0123456789'],
    ['ХХХ 0123456789', 'XXX0123456789'],
    ['а-в-е-ё-к-м-н-о-р-с-т-у-х', 'ABEEKMHOPCTYX'],
    ['іјѕ', 'IJS'],
    ['12–34—56‑78−90\u00ad', '1234567890'],
    ['\t12\u00a034\u200b56\u2060 ', '123456'],
    ['Ａ１', 'A1'],
    ['77/АБ-1', '77/AБ1'],
    [' - ', ''],
  ])('%j is compared as %j', (number, key) => {
    expect(numberKey(number)).toBe(key);
    expect(numberKey(key)).toBe(key);
  });

  it('retains letters without a Latin look-alike, and significant signs', () => {
    expect(numberKey('жзи.1')).not.toBe(numberKey('жзи1'));
    expect(numberKey('З1')).not.toBe(numberKey('31'));
  });
});

describe('an insurer', () => {
  it('is compared without case and spare space, and not by look-alikes', () => {
    expect(insurerKey('  АльфаСтрахование   Жизнь ')).toBe('альфастрахование жизнь');
    expect(insurerKey('ВСК')).not.toBe(insurerKey('BCK'));
  });
});
