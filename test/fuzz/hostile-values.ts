import type { Random } from './random.js';

/** Strings that have broken other programs, in their form in JavaScript. */
const HOSTILE_STRINGS = [
  '',
  ' ',
  '\t\r\n',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'undefined',
  'true',
  '[]',
  '{}',
  "'; DROP TABLE crm.deals; --",
  "' OR '1'='1",
  '%',
  '_%\\',
  '\\',
  '$1',
  '${7*7}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '=cmd|calc!A1',
  '\u0000',
  'a\u0000b',
  '\ufeff',
  '\ufffe\uffff',
  '\u202e\u2066',
  '\u200b',
  '\ud83d\ude00',
  'é\u0301'.repeat(20),
  'a' + '\u0300'.repeat(40),
  'İıſK',
  '٣٤٥',
  '１２３',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'x'.repeat(256),
  'Ж'.repeat(501),
  'x'.repeat(5001),
  '2026-02-30',
  '0000-01-01',
  '9999-12-31',
  '10000-01-01',
  '+275760-09-13',
  '2026-03-10T00:00:00+25:00',
  '999999999999.99',
  '1000000000000.00',
  '-0.00',
  '0.001',
  '1,5',
  '.5',
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '7d',
] as const;

/** JSON texts that `JSON.stringify` does not write. */
const HOSTILE_TEXTS = [
  '1e400',
  '-1e400',
  '-0',
  '9007199254740993',
  '123456789012345678901234567890',
  '0.1e-400',
  '2147483648',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"a\\u0000"',
  '{"__proto__":{"is_deleted":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"toString":null,"valueOf":1}',
  '{"length":1e9}',
  '{"then":"x"}',
  '{"a":1,"a":2}',
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  `[${'0,'.repeat(2000)}0]`,
] as const;

/** What stands for a whole body that is not the expected object. */
export const HOSTILE_BODIES: readonly (string | Buffer)[] = [
  '',
  ' ',
  'null',
  'true',
  '1e400',
  '[]',
  '"x"',
  '{',
  '{}}',
  '{"a":1,}',
  "{'a':1}",
  '\ufeff{}',
  '{"__proto__":{}}',
  '{"a":{"__proto__":null}}',
  '{"constructor":{"prototype":{}}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `{"a":[${'0,'.repeat(10_000)}0]}`,
  Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from('{"title":"x"}', 'utf16le'),
];

/** Values in the escaped form of a URL; the last ones are not UTF-8, or no escape at all. */
export const HOSTILE_ESCAPES = ['%00', '%2e%2e', '%2f', '%5c', '%0d%0a', '%F0%9F%98%80', '%ED%A0%80', '%FF', '%zz'];

export function hostileString(random: Random): string {
  return random.pick(HOSTILE_STRINGS);
}

/** Any JSON text: a hostile one, a value of another type, or a hostile string. */
export function hostileJson(random: Random): string {
  return random.weighted<() => string>([
    [3, () => random.pick(HOSTILE_TEXTS)],
    [2, () => random.pick(['null', 'true', 'false', '0', '-1', '1.5', '[]', '{}', '""', '[null]', '[[]]', '[{}]'])],
    [4, () => JSON.stringify(hostileString(random))],
  ])();
}
