import type { EntityMetadata } from 'typeorm';
import type { Aggregate } from './aggregate.js';

/** What no update changes. */
const FIXED = ['id', 'created_at'];

/**
 * How an entity and its row turn into each other, read once from TypeORM's metadata.
 * Its SQL is the same text at every call, so that it can be prepared; `repository.save()` costs eight times as much.
 */
export class TableMapping<T extends Aggregate> {
  private readonly columns: readonly { property: string; name: string; type: string }[];
  private readonly parameters: readonly string[];
  private readonly assignments: string;
  /** `schema.table`. */
  readonly table: string;
  /** Every column, for a SELECT list. */
  readonly selection: string;

  constructor(private readonly metadata: EntityMetadata) {
    this.columns = metadata.columns.map((column) => ({
      property: column.propertyName,
      name: column.databaseName,
      // A cast to `char` would cut the value to its first letter.
      type: column.type === 'char' ? 'bpchar' : (column.type as string),
    }));
    this.table = metadata.tablePath;
    this.selection = this.columns.map(({ name }) => name).join(', ');
    this.parameters = this.columns.map(({ type }, index) => `$${index + 1}::${type}`);
    this.assignments = this.columns
      .map(({ name }, index) => `${name} = ${this.parameters[index]}`)
      .filter((_, index) => !FIXED.includes(this.columns[index]!.name))
      .join(', ');
  }

  /** How many parameters a write takes before any of the caller's own. */
  get insertParameterCount(): number {
    return this.columns.length;
  }

  get updateParameterCount(): number {
    return this.columns.length + 1;
  }

  /**
   * @param source what must yield one row for the insert to happen, e.g. `(SELECT 1 FROM … FOR SHARE) AS allowed`.
   */
  insertSql(source?: string): string {
    const from = source ? ` FROM ${source}` : '';
    return `INSERT INTO ${this.table} (${this.selection}) SELECT ${this.parameters.join(', ')}${from} RETURNING id`;
  }

  /** Inserts any number of rows, given column by column as {@link insertColumns} does. */
  insertAllSql(): string {
    const arrays = this.columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    return `INSERT INTO ${this.table} (${this.selection}) SELECT * FROM unnest(${arrays}) RETURNING id`;
  }

  /**
   * Inserts a row for each of a FROM clause.
   * @param valueOf the expression over it that gives a column.
   */
  insertFromSql(from: string, valueOf: (column: string) => string): string {
    const values = this.columns.map(({ name }) => valueOf(name)).join(', ');
    return `INSERT INTO ${this.table} (${this.selection}) SELECT ${values} FROM ${from} RETURNING id`;
  }

  /**
   * Updates the rows of a FROM clause, each only if it still has the version that was read.
   * @param valueOf the expression over it that gives a column, and `loaded_version`.
   */
  updateFromSql(from: string, valueOf: (column: string) => string): string {
    const changing = this.columns.filter(({ name }) => !FIXED.includes(name));
    const assignments = changing.map(({ name }) => `${name} = ${valueOf(name)}`).join(', ');
    return (
      `UPDATE ${this.table} AS stored SET ${assignments} FROM ${from} WHERE stored.id = ${valueOf('id')} ` +
      `AND stored.version = ${valueOf('loaded_version')} AND NOT stored.is_deleted RETURNING stored.id`
    );
  }

  /** `name type` of each column, as `jsonb_to_recordset` wants to know them. */
  get members(): readonly string[] {
    return this.columns.map(({ name, type }) => `${name} ${type}`);
  }

  /** Writes only if the row still has the version that was read: the loser of a race changes nothing. */
  updateSql(): string {
    const loaded = this.columns.length + 1;
    return (
      `UPDATE ${this.table} SET ${this.assignments} WHERE id = ${this.parameterOf('id')} AND version = $${loaded}::int ` +
      `AND NOT is_deleted AND ${this.parameterOf('created_at')} IS NOT NULL RETURNING id`
    );
  }

  insertValues(entity: T): unknown[] {
    return this.columns.map(({ property, type }) => {
      const value = (entity as unknown as Record<string, unknown>)[property];
      // The driver would write an array as one of PostgreSQL's own.
      return type === 'jsonb' ? JSON.stringify(value) : value;
    });
  }

  /** The values of an insert by the names of their columns, as JSON shows them. */
  insertRecord(entity: T): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const { property, name } of this.columns) {
      record[name] = (entity as unknown as Record<string, unknown>)[property];
    }
    return record;
  }

  /** An array for each column. */
  insertColumns(entities: readonly T[]): unknown[][] {
    const rows = entities.map((entity) => this.insertValues(entity));
    return this.columns.map((_, index) => rows.map((row) => row[index]));
  }

  updateValues(entity: T): unknown[] {
    return [...this.insertValues(entity), entity.loadedVersion];
  }

  /** Makes the entity of a row that was selected by {@link selection}. */
  hydrate(row: Readonly<Record<string, unknown>>): T {
    const entity = this.metadata.create() as T & Record<string, unknown>;
    for (const { property, name } of this.columns) (entity as Record<string, unknown>)[property] = row[name];
    entity.loadedVersion = entity.currentVersion;
    return entity;
  }

  /** The parameter of a column in every write. */
  private parameterOf(name: string): string {
    return this.parameters[this.columns.findIndex((column) => column.name === name)]!;
  }
}
