import { emailKey, identifyingPhone, phoneKey, searchTerms } from './contact-keys.js';

describe('an e-mail address', () => {
  it.each([
    ['Ivan.Petrov@Example.COM', 'ivan.petrov@example.com'],
    ['  a@b.ru\t', 'a@b.ru'],
    ['ИВАН@ПОЧТА.РФ', 'иван@почта.рф'],
    ['', null],
    ['   ', null],
    [null, null],
  ])('%p is compared as %p', (email, key) => {
    expect(emailKey(email)).toBe(key);
  });
});

describe('a phone number', () => {
  it.each([
    '+7 (912) 345-67-89',
    '8 912 345 67 89',
    '89123456789',
    '7-912-345-67-89',
    '79123456789',
    '+7.912.345.67.89',
    '9123456789',
    '(912) 345-67-89',
    '8\u00a0912\u00a0345\u00a067\u00a089',
    '+8 912 345-67-89',
  ])('has one key in every notation: %s', (phone) => {
    expect(phoneKey(phone, 'RU')).toBe('+79123456789');
  });

  it.each([
    ['+81 3 0897 3969', '+81308973969'],
    ['+7 130 897-39-69', '+71308973969'],
    ['9001112233', '+79001112233'],
    ['+79001112233', '+79001112233'],
    ['8 900 111-22-33', '+79001112233'],
    ['8 800 555 35 35', '+78005553535'],
    ['+44 20 7946 0958', '+442079460958'],
    ['+44 (0)20 7946 0958', '+442079460958'],
    ['442079460958', '+442079460958'],
    ['810 44 20 7946 0958', '+442079460958'],
    ['8 701 123 45 67', '+77011234567'],
  ])('%p has the E.164 key %p', (phone, key) => {
    expect(phoneKey(phone, 'RU')).toBe(key);
    expect(identifyingPhone(key)).toBe(key);
  });

  it.each([
    '8 (495) 123-45-67 доб. 12',
    '+7 495 123-45-67, доб.12',
    '8 495 123 45 67 внутр. 12',
    '8-495-123-45-67 вн 12',
    '+7 495 123-45-67 ext. 12',
    '+74951234567x12',
    '+74951234567 #12',
  ])('is another one at each extension: %s', (phone) => {
    expect(phoneKey(phone, 'RU')).toBe('+74951234567;ext=12');
  });

  it.each([
    ['8 800 12', '880012'],
    ['345-67-89', '3456789'],
    ['+999 12345678', '99912345678'],
    ['345-67-89 доб. 5', '3456789;ext=5'],
  ])('of no numbering plan, as %p, is found by its digits %p and identifies no subscriber', (phone, key) => {
    expect(phoneKey(phone, 'RU')).toBe(key);
    expect(identifyingPhone(key)).toBeNull();
  });

  it.each([['доб.'], [''], [null]])('has no key without digits: %p', (phone) => {
    expect(phoneKey(phone, 'RU')).toBeNull();
  });

  it('without a country code belongs to the default region', () => {
    expect(phoneKey('020 7946 0958', 'GB')).toBe('+442079460958');
    expect(phoneKey('8 912 345-67-89', 'GB')).toBe('89123456789');
    expect(phoneKey('029 123-45-67', 'BY')).toBe('+375291234567');
  });
});

describe('a text typed to find a client', () => {
  it.each<[string, readonly string[]]>([
    ['8 (912) 345', ['8912345']],
    ['+7 912 345-67-89', ['79123456789', '+79123456789']],
    ['8 912 345 67 89', ['89123456789', '+79123456789']],
    ['9123456789', ['9123456789', '+79123456789']],
    ['7707083893', ['7707083893', '+77707083893']],
    ['770708389324', ['770708389324']],
    ['345-67', ['34567']],
    ['8 495 123 45 67 доб. 12', ['84951234567', '+74951234567;ext=12']],
  ])('%p is searched as the phone number or tax id %p', (text, terms) => {
    expect(searchTerms(text, 'RU')).toEqual(terms);
  });

  it.each(['Иванова', 'ivan@example.com', '912', 'дом 5, 12-34', '----'])('%p is searched literally', (text) => {
    expect(searchTerms(text, 'RU')).toEqual([text]);
  });
});
