import { Dice } from './dice.js';
import { companyTaxId, personTaxId } from './tax-id.js';

/** The rule of the tax service: weighted sum, modulo 11, modulo 10. */
function isChecked(taxId: string, weights: readonly number[]): boolean {
  const total = weights.reduce((sum, weight, place) => sum + weight * Number(taxId[place]), 0);
  return (total % 11) % 10 === Number(taxId[weights.length]);
}

const COMPANY = [2, 4, 10, 3, 5, 9, 4, 6, 8];
const PERSON_FIRST = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const PERSON_SECOND = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

describe('a made-up ИНН', () => {
  const dice = new Dice(7);
  const many = <T>(draw: () => T): T[] => Array.from({ length: 200 }, draw);

  it('has the length and the check digits of a real one', () => {
    for (const taxId of many(() => companyTaxId(dice))) {
      expect(taxId).toMatch(/^\d{10}$/);
      expect(isChecked(taxId, COMPANY)).toBe(true);
    }
    for (const taxId of many(() => personTaxId(dice))) {
      expect(taxId).toMatch(/^\d{12}$/);
      expect(isChecked(taxId, PERSON_FIRST) && isChecked(taxId, PERSON_SECOND)).toBe(true);
    }
  });

  it('belongs to no taxpayer, since no tax office has the number 00', () => {
    const drawn = many(() => [companyTaxId(dice), personTaxId(dice)]).flat();
    expect(drawn.filter((taxId) => !taxId.startsWith('00'))).toEqual([]);
  });
});
