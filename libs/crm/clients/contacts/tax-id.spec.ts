import { DomainError } from '#platform/kernel';
import { isTaxIdShaped, normalizedTaxId, requireTaxId, taxIdKey } from './tax-id.js';

/** The code of the refusal, or null. */
function refusal(taxId: string, country: 'RU' | 'none' = 'RU'): string | null {
  try {
    requireTaxId(taxId, country);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    const { code, details } = error as DomainError;
    expect(code).toBe('validation_failed');
    const [fault] = details.errors as readonly { pointer: string; code: string }[];
    expect(fault!.pointer).toBe('/tax_id');
    return fault!.code;
  }
}

describe('a tax id', () => {
  it.each(['7707083893', '5001007329', '500100732259', '770708389324'])('%s has right control digits', (inn) => {
    expect(refusal(inn)).toBeNull();
  });

  it('is refused after any single digit is mistyped', () => {
    for (const inn of ['7707083893', '500100732259']) {
      for (let place = 0; place < inn.length; place++) {
        for (let digit = 0; digit <= 9; digit++) {
          const mistyped = `${inn.slice(0, place)}${digit}${inn.slice(place + 1)}`;
          // Sums of 10 and of 0 modulo 11 share the control digit 0, so a few mistakes pass.
          if (mistyped !== inn && digit === (Number(inn[place]) + 1) % 10) {
            expect({ mistyped, code: refusal(mistyped) }).toEqual({ mistyped, code: 'tax_id_check_digits' });
          }
        }
      }
    }
  });

  it.each(['0000000000', '000000000000'])('of zeros alone is refused: %s', (zeros) => {
    expect(refusal(zeros)).toBe('tax_id_check_digits');
  });

  it('of 11 digits is a mistyped ИНН', () => {
    expect(refusal('77070838931')).toBe('not_a_tax_id');
  });

  it.each(['191234567', 'DE136695976', 'GB 123 4567 89', '12345678901234', 'IT12345678901', '12-3456/7'])(
    'of another country is taken as given: %s',
    (taxId) => {
      expect(isTaxIdShaped(taxId)).toBe(true);
      expect(refusal(taxId)).toBeNull();
    },
  );

  it.each(['7707083894', '77070838931', '500100732258', '0000000000'])(
    '%s is taken as given without a country',
    (taxId) => {
      expect(refusal(taxId, 'none')).toBeNull();
    },
  );

  it.each([
    ['  7707083893 ', '7707083893'],
    ['7707 083 893', '7707083893'],
    ['5001-0073-2259', '500100732259'],
    ['GB 123 4567 89', 'GB 123 4567 89'],
  ])('%p is stored as %p', (text, stored) => {
    expect(normalizedTaxId(text)).toBe(stored);
  });

  it.each(['GB 123 4567 89', 'gb123456789', 'GB-123.4567/89', 'ＧＢ123456789'])('%s is compared as one', (text) => {
    expect(taxIdKey(text)).toBe('GB123456789');
  });

  it('is compared with nothing when there is none', () => {
    expect(taxIdKey(null)).toBeNull();
  });

  it.each(['', 'ИНН', '-7707083893', '7707083893;', '1'.repeat(33), '7\u00007'])('%p has no shape of one', (text) => {
    expect(isTaxIdShaped(text)).toBe(false);
  });
});
