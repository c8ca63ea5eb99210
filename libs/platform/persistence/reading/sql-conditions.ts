/** Pages that are usually asked for, and the row behind them that tells whether there are more. */
const USUAL_LIMITS = new Set([11, 21, 26, 51, 101, 201]);

/** Grows a WHERE clause and its parameters together; values never become part of the text. */
export class SqlConditions {
  private readonly parts: string[] = [];
  private readonly parameters: unknown[] = [];

  /** @param fixed conditions without parameters. */
  constructor(...fixed: string[]) {
    this.parts.push(...fixed);
  }

  get sql(): string {
    return this.parts.join(' AND ');
  }

  get values(): readonly unknown[] {
    return this.parameters;
  }

  get nextParameter(): number {
    return this.parameters.length + 1;
  }

  /** @param condition gets the parameter's placeholder, e.g. `$3`. */
  add(condition: (placeholder: string) => string, value: unknown): void {
    this.parts.push(condition(this.parameter(value)));
  }

  /** A value for another part of the statement; returns its placeholder. */
  parameter(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }

  /** Adds a condition whose placeholders already start at {@link nextParameter}. */
  addNumbered(sql: string, values: readonly unknown[]): void {
    this.parameters.push(...values);
    this.parts.push(sql);
  }

  /** Rows behind `key` in the order of `columns`, ascending or descending as a whole. */
  addKey(columns: string, types: readonly string[], key: readonly string[], order: 'asc' | 'desc' = 'asc'): void {
    if (key.length !== types.length) throw new Error(`a key of ${types.length} parts has ${key.length} values`);
    const first = this.nextParameter;
    const placeholders = types.map((type, index) => `$${first + index}::${type}`);
    this.addNumbered(`${columns} ${order === 'asc' ? '>' : '<'} (${placeholders.join(', ')})`, key);
  }

  /**
   * What stands behind LIMIT; comes last. A usual number is part of the text: one that PostgreSQL doesn't know it takes for
   * a tenth of the table, and so plans each execution anew, which costs more than the page.
   */
  limit(rows: number): string {
    if (USUAL_LIMITS.has(rows)) return String(rows);
    return `${this.parameter(rows)}::int`;
  }

  /** Rows whose lower-cased `expression` contains `text`, in any case, `%` and `_` taken literally. */
  addSearch(expression: string, text: string): void {
    this.addSearches([text], (contains) => contains(expression));
  }

  /**
   * Rows of a condition that searches for several texts.
   * @param condition gets a function from a lower-cased expression to the condition that it contains one of the texts.
   */
  addSearches(texts: readonly string[], condition: (contains: (expression: string) => string) => string): void {
    const patterns = texts.map((text) => this.parameter(`%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`));
    this.parts.push(
      condition((expression) => {
        const matches = patterns.map((pattern) => `${expression} LIKE ${pattern}::text`);
        return matches.length === 1 ? matches[0]! : `(${matches.join(' OR ')})`;
      }),
    );
  }
}
