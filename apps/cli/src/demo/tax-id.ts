import type { Dice } from './dice.js';

/** No tax office has the number 00: the check digits are right, and yet nobody has such an ИНН. */
const NOWHERE = '00';

const WEIGHTS = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

/** ИНН of a company: 10 digits. */
export function companyTaxId(dice: Dice): string {
  return withCheckDigit(NOWHERE + digits(7, dice));
}

/** ИНН of a person: 12 digits. */
export function personTaxId(dice: Dice): string {
  return withCheckDigit(withCheckDigit(NOWHERE + digits(8, dice)));
}

function digits(count: number, dice: Dice): string {
  return Array.from({ length: count }, () => dice.whole(0, 9)).join('');
}

/** The weights stand at the end: a shorter number leaves out the first ones. */
function withCheckDigit(number: string): string {
  const weights = WEIGHTS.slice(-number.length);
  const products = Array.from(number, (digit, place) => Number(digit) * weights[place]!);
  const checksum = products.reduce((sum, product) => sum + product, 0);
  return `${number}${(checksum % 11) % 10}`;
}
