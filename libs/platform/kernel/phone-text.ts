/** A telephone number in any usual notation, split from its extension. */
export interface PhoneText {
  readonly number: string;
  /** 1 to 9 digits; null when there is none. */
  readonly extension: string | null;
}

/** `доб. 12`, `внутр. 12`, `ext 12`, `x12`, `#12` at the end; the Cyrillic and the Latin x look the same. */
const EXTENSION = /[\s,;]*(?:доб(?:авочный)?|вн(?:утр)?|ext(?:ension)?|[xх#])[\s.:]*(\d{1,9})\s*$/iu;

/** Splits the extension off a telephone number. */
export function phoneText(text: string): PhoneText {
  const found = EXTENSION.exec(text);
  if (!found) return { number: text, extension: null };
  return { number: text.slice(0, found.index), extension: found[1]! };
}
