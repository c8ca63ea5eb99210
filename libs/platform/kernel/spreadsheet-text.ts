/** Starts a formula in a spreadsheet, in the forms that East Asian editions take too. */
const FORMULA = '[=+\\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B]';
/** Skipped by a spreadsheet before it decides the type of a cell, or not visible to a reader; quotes count as such. */
const PASSED_OVER = `[\\p{Zs}\\p{Cf}\\p{DI}\\u2800'"]*`;
/** A spreadsheet that takes it for a delimiter starts another cell behind it. */
const DELIMITER = '[;\\t\\r\\n\\v\\f\\u0085\\u2028\\u2029]';
/** White space that is cut off the start of a cell. */
const CUT_OFF = `(?='*[\\t\\r\\n])`;

const start = (guard: string): RegExp =>
  new RegExp(`^${guard}${CUT_OFF}|(?:^|(?<=${DELIMITER}))${guard}(?=${PASSED_OVER}${FORMULA})`, 'gu');
const UNGUARDED = start('');
const GUARDED = start("'");
/** Stays a number, so that a sum of money is one in the spreadsheet. */
const NEGATIVE = /^-\d+(?:\.\d+)?$/;

/**
 * A cell's text with an apostrophe wherever a spreadsheet would start a formula: at the start, and behind a semicolon,
 * tab or line break, which it may take for a delimiter. {@link unguarded} takes the apostrophes away again.
 */
export function guarded(text: string): string {
  return NEGATIVE.test(text) ? text : text.replace(UNGUARDED, "'");
}

/** The text as it was before {@link guarded}. */
export function unguarded(text: string): string {
  return text.includes("'") ? text.replace(GUARDED, '') : text;
}
