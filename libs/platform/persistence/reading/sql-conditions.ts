import { type DateRange, isCalendarDate, type KeyType, type ListOrder } from '#platform/kernel';
import { plannedEachTime, statement, type Statement } from './statement.js';

/** The usual page sizes, each with the one row more that tells whether another page follows. */
const USUAL_LIMITS = new Set([11, 21, 26, 51, 101, 201]);

/** Grows a WHERE clause and its parameters together; values never become part of the text. */
export class SqlConditions {
  private readonly parts: string[] = [];
  private readonly parameters: unknown[] = [];
  private isPlannedEachTime = false;

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

  /** Has {@link statement} plan each execution: for conditions whose good plan depends on their values. */
  planEachTime(): this {
    this.isPlannedEachTime = true;
    return this;
  }

  /** The statement of a text that contains these conditions. */
  statement(text: string): Statement {
    return this.isPlannedEachTime ? plannedEachTime(text) : statement(text);
  }

  copy(): SqlConditions {
    const copy = new SqlConditions(...this.parts);
    copy.parameters.push(...this.parameters);
    copy.isPlannedEachTime = this.isPlannedEachTime;
    return copy;
  }

  /**
   * Adds a condition on one value.
   * @param condition gets the placeholder of the value, e.g. `$3`.
   */
  add(condition: (placeholder: string) => string, value: unknown): void {
    this.parts.push(condition(this.parameter(value)));
  }

  /** Rows whose text column has one of the values; one value is compared by `=`, which is planned better. */
  addAnyOf(column: string, values: readonly string[]): void {
    if (values.length === 1) this.add((p) => `${column} = ${p}::text`, values[0]);
    else this.add((p) => `${column} = ANY (${p}::text[])`, values);
  }

  /** Adds a value and returns its placeholder. */
  parameter(value: unknown): string {
    return `$${this.parameters.push(value)}`;
  }

  /** Adds a condition whose placeholders were returned by {@link parameter}. */
  addSql(sql: string): void {
    this.parts.push(sql);
  }

  /** Rows after `after` in the order of a list. */
  addKey({ key, isDescending = false }: ListOrder, after: readonly string[]): void {
    const columns = Object.entries(key);
    if (after.length !== columns.length) throw new Error(`a key of ${columns.length} parts has ${after.length} values`);
    const values = columns.map(([, type], index) => `${this.parameter(after[index])}::${storedType(type)}`);
    const names = columns.map(([column, type]) => keyExpression(column, type));
    this.addSql(`(${names.join(', ')}) ${isDescending ? '<' : '>'} (${values.join(', ')})`);
  }

  /** Rows in all ranges. A day of a moment is one of the time zone, an IANA name. */
  addRanges(ranges: readonly DateRange[], timeZone: string): this {
    for (const { column, type, from, to } of ranges) {
      const expression = keyExpression(column, type);
      const moment = (day: string) => `(${day})::timestamp AT TIME ZONE ${this.parameter(timeZone)}::text`;
      const isDay = (limit: string) => storedType(type) === 'timestamptz' && isCalendarDate(limit);
      const value = (limit: string) => `${this.parameter(limit)}::${isDay(limit) ? 'date' : storedType(type)}`;
      if (from) this.addSql(`${expression} >= ${isDay(from) ? moment(value(from)) : value(from)}`);
      if (to) this.addSql(`${expression} ${isDay(to) ? `< ${moment(`${value(to)} + 1`)}` : `<= ${value(to)}`}`);
      // Without an upper limit, rows without a value would be in the range.
      else if (type.endsWith('?')) this.addSql(`${expression} < 'infinity'`);
    }
    return ranges.length > 0 ? this.planEachTime() : this;
  }

  /**
   * The number after LIMIT; comes last. A usual number is part of the text: PostgreSQL estimates an unknown one as a tenth
   * of the table and then plans each execution, which costs more than the page.
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
    this.planEachTime();
    this.parts.push(
      condition((expression) => {
        const matches = patterns.map((pattern) => `${expression} LIKE ${pattern}::text`);
        return matches.length === 1 ? matches[0]! : `(${matches.join(' OR ')})`;
      }),
    );
  }
}

/** The column of a sort key or a range as its index has it; null counts as the latest. */
export function keyExpression(column: string, type: KeyType): string {
  return type.endsWith('?') ? `coalesce(${column}, 'infinity')` : column;
}

function storedType(type: KeyType): string {
  return type.replace('?', '');
}
