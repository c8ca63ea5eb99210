const PATTERN = /^(?:[a-z][a-z0-9_]*|\*|#)(?:\.(?:[a-z][a-z0-9_]*|\*|#)){0,7}$/;

/** What a part of a pattern stands for, each word written with the dot before it. */
const ONE_WORD = '\\.[^.]+';
const ANY_WORDS = '(?:\\.[^.]+)*';

/** Whether `text` is a pattern of routing keys: words, `*` for exactly one of them, `#` for any number. */
export function isTypePattern(text: string): boolean {
  return PATTERN.test(text);
}

/**
 * A regular expression, the same to PostgreSQL and to JavaScript, for routing keys with a dot put before them.
 * @param patterns as {@link isTypePattern} takes them; none means every type.
 */
export function typeExpression(patterns: readonly string[]): string {
  if (patterns.length === 0) return '';
  const alternatives = patterns.map((pattern) => pattern.split('.').map(partExpression).join(''));
  return `^(?:${alternatives.join('|')})$`;
}

function partExpression(part: string): string {
  if (part === '*') return ONE_WORD;
  return part === '#' ? ANY_WORDS : `\\.${part}`;
}
