/** Cyrillic capitals that look like Latin ones: typed by hand they are meant to be the same. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  А: 'A',
  В: 'B',
  Е: 'E',
  Ё: 'E',
  К: 'K',
  М: 'M',
  Н: 'H',
  О: 'O',
  Р: 'P',
  С: 'C',
  Т: 'T',
  У: 'Y',
  Х: 'X',
  І: 'I',
  Ј: 'J',
  Ѕ: 'S',
};
const SPACES_AND_DASHES = /[\s\u00ad\u200b\u2010-\u2015\u2060\u2212-]/gu;
const CYRILLIC = /[АВЕЁКМНОРСТУХІЈЅ]/g;

/** A policy number as it is compared: upper case, no spaces or dashes, look-alike letters as Latin ones. */
export function numberKey(number: string): string {
  const compact = number.normalize('NFKC').toUpperCase().replace(SPACES_AND_DASHES, '');
  return compact.replace(CYRILLIC, (letter) => LOOK_ALIKES[letter] ?? letter);
}
