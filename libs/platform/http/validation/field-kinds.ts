import { isEmail } from 'class-validator';
import { FINER_CURRENCIES, isCalendarDate, isUuid, phoneText } from '#platform/kernel';

/** Where a value stands: in a query everything is text. */
export type FieldSource = 'body' | 'query';

/** What is wrong with one value. */
export interface Fault {
  /** Stable, for a program. */
  readonly code: string;
  /** The rest of a sentence that begins with the field: `must be …`. */
  readonly detail: string;
  /** Which item of a list, from 0. */
  readonly index?: number;
}

/** How values of one sort are made ready, checked and described; a field decorator or a list puts it to use. */
export interface FieldKind {
  /** Makes a given value comparable; what it can't make sense of it leaves for `fault` to refuse. */
  readonly ready?: (value: unknown, source: FieldSource) => unknown;
  readonly fault: (value: unknown) => Fault | null;
  /** Members of the OpenAPI schema. */
  readonly schema: Readonly<Record<string, unknown>> & { readonly type: string };
}

export interface TextRange {
  /** Least length in characters (code points), white space at the ends not counted; 0 unless given. */
  readonly min?: number;
  /** Greatest length in characters (code points). */
  readonly max: number;
  /** Takes the text as it is; a text of one line loses white space at its ends, and holds no line break or tab. */
  readonly multiline?: true;
}

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

const MONEY = /^\d{1,12}(?:\.\d{1,2})?$/;
/** `Money` refuses more decimals than the currency has, by a code of their own. */
const DECIMAL = /^\d{1,12}(?:\.\d{1,18})?$/;
const MONEY_ABOVE_ZERO = /[1-9]/;
const INTEGER = /^-?\d{1,15}$/;
const PHONE = /^\+?[\d\s()./-]{5,40}$/;
const LONGEST_PHONE = 64;
const NOT_A_DIGIT = /\D/g;
/** `Intl` leaves out some codes of ISO 4217 that have four decimals: `Money` refuses them by their own code. */
const CURRENCIES = new Set([...Intl.supportedValuesOf('currency'), ...FINER_CURRENCIES]);
const LONGEST_EMAIL = 254;

/** Line breaks, tabs, and what makes a text appear in another order than it is read in: overrides and isolates. */
const NOT_OF_ONE_LINE = /[\t\n\v\f\r\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
/** Alone, marks, spaces, control and filler characters (U+2800 is a Braille pattern without dots) show nothing. */
const VISIBLE = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

const NOT_A_STRING: Fault = { code: 'not_a_string', detail: 'must be text' };

const NOT_VISIBLE: Fault = { code: 'too_short', detail: 'must have a visible character' };
const INVALID_CHARACTERS: Fault = {
  code: 'invalid_characters',
  detail: 'must be one line, without tabs and characters that override the direction of writing',
};

/** Text of `min` to `max` characters; with a minimum it has a visible one. */
export function textKind({ min = 0, max, multiline }: TextRange): FieldKind {
  const tooShort: Fault = {
    code: 'too_short',
    detail: `must be at least ${min} character${min === 1 ? '' : 's'} long`,
  };
  const tooLong: Fault = { code: 'too_long', detail: `must be at most ${max} characters long` };
  return {
    ready: multiline ? undefined : trimmed,
    fault: (value) => {
      if (typeof value !== 'string') return NOT_A_STRING;
      if (isLongerThan(value, max)) return tooLong;
      if (!multiline && NOT_OF_ONE_LINE.test(value)) return INVALID_CHARACTERS;
      if (min === 0) return null;
      if (!isLongerThan(value.trim(), min - 1)) return tooShort;
      return VISIBLE.test(value) ? null : NOT_VISIBLE;
    },
    schema: { type: 'string', minLength: min, maxLength: max },
  };
}

/** A UUID of any version, kept in lower case. */
export function uuidKind(): FieldKind {
  return {
    ready: (value) => (typeof value === 'string' ? value.toLowerCase() : value),
    fault: check(isUuid, 'not_a_uuid', 'must be a UUID'),
    schema: { type: 'string', format: 'uuid' },
  };
}

/** A day of the calendar, `YYYY-MM-DD`. */
export function dateKind(): FieldKind {
  return {
    fault: check(isCalendarDate, 'not_a_date', 'must be an existing day written as YYYY-MM-DD'),
    schema: { type: 'string', format: 'date' },
  };
}

/** One of the given words. */
export function enumKind(values: readonly string[]): FieldKind {
  const known = new Set<unknown>(values);
  return {
    fault: check((value) => known.has(value), 'not_one_of', `must be one of ${values.join(', ')}`),
    schema: { type: 'string', enum: [...values] },
  };
}

/** `true` or `false`; in a query these two words. */
export function booleanKind(): FieldKind {
  return {
    ready: (value, source) =>
      source === 'query' && (value === 'true' || value === 'false') ? value === 'true' : value,
    fault: check((value) => typeof value === 'boolean', 'not_a_boolean', 'must be true or false'),
    schema: { type: 'boolean' },
  };
}

/** A whole number. */
export function integerKind({ min, max }: IntegerRange): FieldKind {
  const outOfRange: Fault = { code: 'out_of_range', detail: `must be from ${min} to ${max}` };
  return {
    ready: (value, source) =>
      source === 'query' && typeof value === 'string' && INTEGER.test(value) ? Number(value) : value,
    fault: (value) => {
      if (!Number.isSafeInteger(value)) return { code: 'not_an_integer', detail: 'must be a whole number' };
      return (value as number) < min || (value as number) > max ? outOfRange : null;
    },
    schema: { type: 'integer', minimum: min, maximum: max },
  };
}

/** An amount above zero as decimal text; a JSON number is refused, since it may have lost a digit on its way. */
export function moneyKind(): FieldKind {
  return {
    fault: check(
      (value) => typeof value === 'string' && DECIMAL.test(value) && MONEY_ABOVE_ZERO.test(value),
      'not_money',
      'must be a text such as "1250.00": above zero, at most 12 digits and 2 decimals',
    ),
    schema: { type: 'string', pattern: MONEY.source },
  };
}

/** An ISO 4217 code in capitals. */
export function currencyKind(): FieldKind {
  return {
    fault: check(
      (value) => CURRENCIES.has(value as string),
      'not_a_currency',
      'must be an ISO 4217 currency code such as RUB',
    ),
    schema: { type: 'string', pattern: '^[A-Z]{3}$' },
  };
}

export function emailKind(): FieldKind {
  return {
    ready: trimmed,
    fault: check(
      (value) => typeof value === 'string' && value.length <= LONGEST_EMAIL && isEmail(value),
      'not_an_email',
      'must be an e-mail address',
    ),
    schema: { type: 'string', format: 'email', maxLength: LONGEST_EMAIL },
  };
}

/** A telephone number of 5 to 15 digits in any usual notation, with an extension or without. */
export function phoneKind(): FieldKind {
  return {
    ready: trimmed,
    fault: check(
      (value) => typeof value === 'string' && value.length <= LONGEST_PHONE && isPhone(phoneText(value).number),
      'not_a_phone',
      'must be a telephone number of 5 to 15 digits, such as +7 912 345-67-89 or 8 495 123-45-67 доб. 12',
    ),
    schema: { type: 'string', maxLength: LONGEST_PHONE },
  };
}

/** Many of one kind; in a query one value alone is a list of one. */
export function listKind(each: FieldKind, max: number): FieldKind {
  const tooMany: Fault = { code: 'too_many', detail: `must have at most ${max} items` };
  return {
    ready: (value, source) => {
      const items: unknown = source === 'query' && typeof value === 'string' ? [value] : value;
      if (!Array.isArray(items) || !each.ready) return items;
      return items.map((item) => each.ready?.(item, source));
    },
    fault: (value) => {
      if (!Array.isArray(value)) return { code: 'not_a_list', detail: 'must be a list' };
      return value.length > max ? tooMany : faultOfItems(each, value);
    },
    schema: { type: 'array', items: each.schema, maxItems: max },
  };
}

/** An object with fields of its own; their faults are found by their own decorators. */
export function objectKind(): FieldKind {
  return {
    fault: check(
      (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
      'not_an_object',
      'must be an object',
    ),
    schema: { type: 'object' },
  };
}

function faultOfItems(each: FieldKind, items: readonly unknown[]): Fault | null {
  for (const [index, item] of items.entries()) {
    const fault = each.fault(item);
    if (fault) return { ...fault, index };
  }
  return null;
}

function check(isRight: (value: unknown) => boolean, code: string, detail: string): FieldKind['fault'] {
  const fault: Fault = { code, detail };
  return (value) => (isRight(value) ? null : fault);
}

function trimmed(value: unknown): unknown {
  return typeof value === 'string' ? value.trim() : value;
}

/** Counts code points only where UTF-16 units leave it open. */
function isLongerThan(text: string, length: number): boolean {
  if (text.length <= length) return false;
  return text.length > 2 * length || Array.from(text).length > length;
}

function isPhone(number: string): boolean {
  return PHONE.test(number) && isBetween(digitsOf(number), 5, 15);
}

function digitsOf(text: string): number {
  return text.replace(NOT_A_DIGIT, '').length;
}

function isBetween(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
