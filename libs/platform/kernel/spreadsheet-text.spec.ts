import fc from 'fast-check';
import { guarded, unguarded } from './spreadsheet-text.js';

/** What decides whether a spreadsheet sees a formula, and text around it. */
const PIECES = [
  ...['=', '+', '-', '@', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20', "'", '"', ';', ',', '\t', '\r', '\n', '\r\n'],
  ...[' ', '\u00A0', '\u200B', '\uFEFF', '\u202E', '\u3164', '1', '-5', 'SUM(A1)', 'ё', 'a', '\u2028'],
];
const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(''));

/** Another reading than the guard's: cells by every delimiter, without what a reader does not see. */
const cellsOf = (text: string): string[] =>
  text.split(/[;\t\r\n\u2028]/).map((cell) => cell.replace(/["\u0020\u00A0\u200B\uFEFF\u202E\u3164]/g, ''));

describe('a text in a spreadsheet', () => {
  it.each([
    ['=1+1', "'=1+1"],
    [' =1+1', "' =1+1"],
    ['\u00A0=1+1', "'\u00A0=1+1"],
    ['\u200B=1+1', "'\u200B=1+1"],
    ['\uFEFF=1+1', "'\uFEFF=1+1"],
    ['\uFF1D1+1', "'\uFF1D1+1"],
    ['\uFF0B1', "'\uFF0B1"],
    ['\uFF0D1', "'\uFF0D1"],
    ['\uFF20SUM(A1)', "'\uFF20SUM(A1)"],
    ['a;=1+1', "a;'=1+1"],
    ['a\t=1+1', "a\t'=1+1"],
    ['a\r\n=1+1', "a\r\n'=1+1"],
    ['a; "=1+1"', `a;' "=1+1"`],
    ["'=1", "''=1"],
    ['\tтаб', "'\tтаб"],
  ])('%j is guarded as %j and read back', (text, expected) => {
    expect(guarded(text)).toBe(expected);
    expect(unguarded(expected)).toBe(text);
  });

  it.each(['-5', '-10.50', 'a=b', '1;2', "O'Neill", "''", "'plain", 'a - b', 'два\r\nслова'])(
    '%j stays as it is',
    (text) => {
      expect(guarded(text)).toBe(text);
      expect(unguarded(text)).toBe(text);
    },
  );

  it('starts no formula when guarded, by any delimiter, and comes back unchanged', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const safe = guarded(text);
        expect(unguarded(safe)).toBe(text);
        if (!/^-\d+$/.test(text))
          for (const cell of cellsOf(safe)) expect(cell).not.toMatch(/^[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/);
      }),
      { numRuns: 5_000 },
    );
  });
});
