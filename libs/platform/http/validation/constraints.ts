import { ValidateBy, type ValidationOptions } from 'class-validator';
import { FINER_CURRENCIES, isCalendarDate, phoneText } from '#platform/kernel';

/** Decimal text as an amount is written: up to 12 digits and 2 decimals. */
export const MONEY = /^\d{1,12}(?:\.\d{1,2})?$/;
export const MAX_PHONE_LENGTH = 64;

/** `Money` refuses more decimals than the currency has, by a code of its own. */
const DECIMAL = /^\d{1,12}(?:\.\d{1,18})?$/;
const ABOVE_ZERO = /[1-9]/;
const PHONE = /^\+?[\d\s()./-]{5,40}$/;
const NOT_A_DIGIT = /\D/g;
const TIME = /^T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
/** `Intl` lacks some codes of ISO 4217 that have four decimals: `Money` refuses them by their own code. */
const CURRENCIES = new Set<unknown>([...Intl.supportedValuesOf('currency'), ...FINER_CURRENCIES]);
/** Line breaks, tabs, and the overrides and isolates that change the direction of writing. */
const NOT_OF_ONE_LINE = /[\t\n\v\f\r\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
/** Marks, spaces, control and filler characters are invisible (U+2800 is a Braille pattern without dots). */
const VISIBLE = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** A day of the calendar, `YYYY-MM-DD`. */
export function IsCalendarDate(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be an existing day written as YYYY-MM-DD';
  return check('isCalendarDate', isCalendarDate, message, options);
}

/** A moment of RFC 3339 with a zone, or a day of the calendar. */
export function IsMoment(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a moment such as 2026-11-23T09:30:00Z, or a day such as 2026-11-23';
  return check('isMoment', isMoment, message, options);
}

/** An amount above zero as decimal text; a JSON number is refused, because it may have lost a digit. */
export function IsMoney(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a text such as "1250.00": above zero, at most 12 digits and 2 decimals';
  return check('isMoney', (value) => isText(value) && DECIMAL.test(value) && ABOVE_ZERO.test(value), message, options);
}

/** An ISO 4217 code in capitals, in any edition that the service's ICU data or `Money` know. */
export function IsCurrency(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be an ISO 4217 currency code such as RUB';
  return check('isCurrency', (value) => CURRENCIES.has(value), message, options);
}

/** A telephone number of 5 to 15 digits in any usual notation, with or without an extension. */
export function IsPhone(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be a telephone number of 5 to 15 digits, such as +7 912 345-67-89 or 8 495 123-45-67 доб. 12';
  return check('isPhone', isPhone, message, options);
}

/** A whole number that JavaScript represents exactly. */
export function IsSafeInteger(options?: ValidationOptions): PropertyDecorator {
  return check('isSafeInteger', (value) => Number.isSafeInteger(value), 'must be a whole number', options);
}

/** Text of at least `min` characters (code points), not counting white space at its ends. */
export function MinCharacters(min: number, options?: ValidationOptions): PropertyDecorator {
  const message = `must be at least ${min} character${min === 1 ? '' : 's'} long`;
  return check('minCharacters', (value) => isText(value) && isLongerThan(value.trim(), min - 1), message, options);
}

/** Text of at most `max` characters (code points), as OpenAPI and PostgreSQL count them. */
export function MaxCharacters(max: number, options?: ValidationOptions): PropertyDecorator {
  const message = `must be at most ${max} characters long`;
  return check('maxCharacters', (value) => isText(value) && !isLongerThan(value, max), message, options);
}

/** Text without line breaks, tabs and characters that override the direction of writing. */
export function IsOneLine(options?: ValidationOptions): PropertyDecorator {
  const message = 'must be one line, without tabs and characters that override the direction of writing';
  return check('isOneLine', (value) => isText(value) && !NOT_OF_ONE_LINE.test(value), message, options);
}

/** Text with at least one visible character. */
export function HasVisibleCharacter(options?: ValidationOptions): PropertyDecorator {
  const message = 'must have a visible character';
  return check('hasVisibleCharacter', (value) => isText(value) && VISIBLE.test(value), message, options);
}

function check(
  name: string,
  validate: (value: unknown) => boolean,
  message: string,
  options?: ValidationOptions,
): PropertyDecorator {
  return ValidateBy({ name, validator: { validate, defaultMessage: () => message } }, options);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Counts code points only if the number of UTF-16 units does not decide. */
function isLongerThan(text: string, length: number): boolean {
  if (text.length <= length) return false;
  return text.length > 2 * length || Array.from(text).length > length;
}

function isPhone(value: unknown): boolean {
  if (!isText(value) || value.length > MAX_PHONE_LENGTH) return false;
  const { number } = phoneText(value);
  const digits = number.replace(NOT_A_DIGIT, '').length;
  return PHONE.test(number) && digits >= 5 && digits <= 15;
}

function isMoment(value: unknown): boolean {
  if (!isText(value) || !isCalendarDate(value.slice(0, DAY_LENGTH))) return false;
  return value.length === DAY_LENGTH || TIME.test(value.slice(DAY_LENGTH));
}
