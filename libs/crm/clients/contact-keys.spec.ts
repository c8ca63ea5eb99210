import { emailKey, phoneKey, searchKey } from './contact-keys.js';

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
    '+7.912.345.67.89',
    '8\u00a0912\u00a0345\u00a067\u00a089',
  ])('is the same however it is written: %s', (phone) => {
    expect(phoneKey(phone)).toBe('79123456789');
  });

  it.each([
    ['+44 20 7946 0958', '442079460958'],
    ['8 800 12', '880012'],
    ['812345678901', '812345678901'],
    ['доб.', null],
    ['', null],
    [null, null],
  ])('%p is compared as %p, a foreign or short one as it stands', (phone, key) => {
    expect(phoneKey(phone)).toBe(key);
  });
});

describe('what someone types to find a client', () => {
  it.each([
    ['8 (912) 345', '8912345'],
    ['+7 912 345-67-89', '79123456789'],
    ['8 912 345 67 89', '79123456789'],
    ['7707083893', '7707083893'],
    ['345-67', '34567'],
  ])('%p is looked for as %p, a phone number', (text, key) => {
    expect(searchKey(text)).toBe(key);
  });

  it.each(['Иванова', 'ivan@example.com', '912', 'дом 5, 12-34', '----'])('%p is looked for as it stands', (text) => {
    expect(searchKey(text)).toBe(text);
  });
});
