const CHARSET = /;\s*charset="?([^";\s]*)/gi;

/** The charsets that a content type names, in lower case; a parameter that is given twice counts twice. */
export function charsetsOf(contentType: string): string[] {
  return Array.from(contentType.matchAll(CHARSET), ([, charset]) => charset!.toLowerCase());
}
