import { taxIdRefused } from '../client.errors.js';

/** Whose tax ids are checked; `none`: every tax id is taken as given. */
export type TaxIdCountry = 'RU' | 'none';

const SHAPE = /^[\p{L}\d](?:[\p{L}\d ./-]{0,30}[\p{L}\d])?$/u;
const SEPARATORS = /[ ./-]/g;
const SEPARATED_DIGITS = /^\d[\d -]*\d$/;
const ALL_DIGITS = /^\d+$/;
const WEIGHTS = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const ORGANISATION = /^\d{10}$/;
const PERSON = /^\d{12}$/;
const ONLY_ZEROS = /^0+$/;

/** The pattern of a tax id of any country. */
export const TAX_ID_PATTERN = SHAPE.source;

/** A tax id as it is stored: trimmed, and without spaces and hyphens if the rest is digits only. */
export function normalizedTaxId(text: string): string {
  const trimmed = text.trim();
  return SEPARATED_DIGITS.test(trimmed) ? trimmed.replace(/[ -]/g, '') : trimmed;
}

/** A tax id as it is compared: in capitals, in NFKC, without separators. The column `tax_id_key` has the same rule. */
export function taxIdKey(taxId: string | null): string | null {
  return taxId?.normalize('NFKC').replace(SEPARATORS, '').toUpperCase() || null;
}

/** Whether it may be a tax id of some country: letters, digits and separators, at least one digit. */
export function isTaxIdShaped(text: string): boolean {
  return SHAPE.test(text) && /\d/.test(text);
}

/**
 * Refuses a Russian tax id with wrong control digits. 10 or 12 digits are an ИНН, 11 digits a mistyped one; other
 * lengths and ids with letters are foreign and taken as given.
 * @throws DomainError `validation_failed` on `/tax_id`.
 */
export function requireTaxId(taxId: string, country: TaxIdCountry): void {
  if (country !== 'RU' || !ALL_DIGITS.test(taxId)) return;
  if (taxId.length === 11) throw taxIdRefused('not_a_tax_id', 'must have 10 digits (company) or 12 digits (person)');
  if ((taxId.length === 10 || taxId.length === 12) && !isInn(taxId)) {
    throw taxIdRefused('tax_id_check_digits', 'must be an ИНН with right control digits: look for a mistyped digit');
  }
}

/** The number with the next control digit of the Federal Tax Service: weighted sum, modulo 11, modulo 10. */
export function withInnControlDigit(number: string): string {
  // The weights are aligned to the end: a shorter number leaves out the first ones.
  const weights = WEIGHTS.slice(-number.length);
  const products = Array.from(number, (digit, index) => Number(digit) * weights[index]!);
  const checksum = products.reduce((sum, product) => sum + product, 0);
  return `${number}${(checksum % 11) % 10}`;
}

/** Whether it is an ИНН: 10 digits with one control digit, or 12 digits with two. */
function isInn(text: string): boolean {
  if (ONLY_ZEROS.test(text)) return false;
  if (ORGANISATION.test(text)) return withInnControlDigit(text.slice(0, 9)) === text;
  return PERSON.test(text) && withInnControlDigit(withInnControlDigit(text.slice(0, 10))) === text;
}
