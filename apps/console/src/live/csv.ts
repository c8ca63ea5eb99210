/** The apostrophes that an export adds against formulas in spreadsheets; the kernel's `guarded` sets them. */
const GUARD =
  /^'(?='*[\t\r\n])|(?:^|(?<=[;\t\r\n\v\f\u0085\u2028\u2029]))'(?=[\p{Zs}\p{Cf}\p{DI}\u2800'"]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\uFE66\uFE62\uFE63\uFE6B])/gu;
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** The rows of an export, a CSV file (RFC 4180), by the names in its first line, without the guards against formulas. */
export function csvRows(file: string): Record<string, string>[] {
  const [names = [], ...rows] = linesOf(file.replace(/^\ufeff/, ''));
  return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? ''])));
}

function linesOf(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length) {
    const [, quoted, plain, end] = FIELD.exec(text) ?? [];
    if (end === undefined) break; // not CSV: returns the rows read so far
    line.push((quoted?.replaceAll('""', '"') ?? plain ?? '').replace(GUARD, ''));
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}
