import { withInnControlDigit } from '#crm/clients';
import type { Dice } from './dice.js';

/** Number of a tax office that does not exist: the control digits are correct, and no taxpayer has such an ИНН. */
const NOWHERE = '00';

/** ИНН of a company: 10 digits. */
export function companyTaxId(dice: Dice): string {
  return withInnControlDigit(NOWHERE + digits(7, dice));
}

/** ИНН of a person: 12 digits. */
export function personTaxId(dice: Dice): string {
  return withInnControlDigit(withInnControlDigit(NOWHERE + digits(8, dice)));
}

function digits(count: number, dice: Dice): string {
  return Array.from({ length: count }, () => dice.whole(0, 9)).join('');
}
