import { LRUCache } from 'lru-cache';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import { phoneText } from '#platform/kernel';

/**
 * Version of the rule behind {@link phoneKey}. Increase it with each change of the rule or of the numbering plans: the
 * stored keys are then computed again.
 */
export const PHONE_KEY_VERSION = 1;

const MAX_KEY_LENGTH = 32;
const NOT_A_DIGIT = /\D/g;
/** A row of an import needs its key several times, and parsing costs as much as the rest of the row. */
const parsedKeys = new LRUCache<string, string>({ max: 10_000 });

/** An e-mail address as it is compared: without outer space, in lower case. */
export function emailKey(email: string | null): string | null {
  return email?.trim().toLowerCase() || null;
}

/**
 * A phone number as it is stored for search: E.164, with `;ext=` and the extension when there is one. A number that
 * belongs to no numbering plan is its digits, without a plus.
 * @param region ISO 3166-1 code of the country of numbers without a country code.
 */
export function phoneKey(phone: string | null, region: CountryCode): string | null {
  if (phone === null) return null;
  const cacheKey = `${region} ${phone}`;
  const cached = parsedKeys.get(cacheKey);
  const key = cached ?? parsedKey(phone, region);
  if (cached === undefined) parsedKeys.set(cacheKey, key);
  return key || null;
}

/** The key if it identifies a subscriber: a number without area or country code is not unique. */
export function identifyingPhone(key: string | null): string | null {
  return key?.startsWith('+') ? key : null;
}

function parsedKey(phone: string, region: CountryCode): string {
  const { number, extension } = phoneText(phone);
  const key = e164(number, region) ?? number.replace(NOT_A_DIGIT, '');
  return (key && extension ? `${key};ext=${extension}` : key).slice(0, MAX_KEY_LENGTH);
}

function e164(number: string, region: CountryCode): string | null {
  const digits = number.replace(NOT_A_DIGIT, '');
  // `+8 912 …` has the trunk prefix where the country code belongs.
  const parsed = parsePhoneNumberFromString(number, region) ?? parsePhoneNumberFromString(digits, region);
  if (parsed?.isPossible()) return parsed.number;
  const international = parsePhoneNumberFromString(`+${digits}`);
  return international?.isValid() ? international.number : null;
}

const PHONE_LIKE = /^[\d\s()+./-]{4,}$/;

/** What to search the keys for when a user types `text`: a phone number is found in any notation. */
export function searchTerms(text: string, region: CountryCode): readonly string[] {
  const { number } = phoneText(text);
  if (!PHONE_LIKE.test(number)) return [text];
  const terms = [number.replace(NOT_A_DIGIT, ''), identifyingPhone(phoneKey(text, region))];
  const known = terms.filter((term): term is string => Boolean(term));
  return known.length > 0 ? known : [text];
}
