import { DomainError } from '#platform/kernel';
import { isStorable, normaliseBody, normaliseQuery } from './request-members.js';

const COMBINING_ACUTE = '\u0301';

const SOURCES: readonly (readonly [string, (text: string) => unknown])[] = [
  ['a body', (text) => (normaliseBody({ list: [text] }) as { list: string[] }).list[0]],
  ['a query', (text) => normaliseQuery({ text }).text],
];

describe('the texts of a request', () => {
  it('are storable unless they have a control character that is no tab or line break', () => {
    const refused = Array.from({ length: 0x100 }, (_, code) => code).filter(
      (code) => !isStorable(`a${String.fromCodePoint(code)}b`),
    );
    const controls = Array.from({ length: 0x20 }, (_, code) => code);
    expect(refused).toEqual([...controls.filter((code) => !'\t\n\r'.includes(String.fromCodePoint(code))), 0x7f]);
  });

  it.each(SOURCES)('of %s stay as they are in printable ASCII', (_source, read) => {
    const text = `${Array.from({ length: 95 }, (_, index) => String.fromCodePoint(0x20 + index)).join('')}\t\r\n`;
    expect(read(text)).toBe(text);
  });

  it.each(SOURCES)('of %s are composed', (_source, read) => {
    expect(read(`plain text, then e${COMBINING_ACUTE}`)).toBe('plain text, then \u00e9');
    expect(read('\u212b')).toBe('\u00c5');
  });

  it.each(SOURCES)('of %s have at most 30 combining marks in a row', (_source, read) => {
    expect(read(`x${COMBINING_ACUTE.repeat(30)}`)).toBe(`x${COMBINING_ACUTE.repeat(30)}`);
    expect(() => read(`x${COMBINING_ACUTE.repeat(31)}`)).toThrow(DomainError);
  });

  it.each(SOURCES)('of %s are refused with half a surrogate pair or DEL', (_source, read) => {
    for (const text of ['\ud800', 'a\udc00', 'a\u007f']) {
      expect(() => read(text)).toThrow(expect.objectContaining({ code: 'invalid_characters' }) as Error);
    }
  });
});
