import type { EntityMetadata } from 'typeorm';
import type { Aggregate } from './aggregate.js';

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
      .filter((_, index) => !['id', 'created_at'].includes(this.columns[index]!.name))
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
   * @param completed columns that `source` fills in where the entity leaves them null: name → expression.
   */
  insertSql(source?: string, completed: Readonly<Record<string, string>> = {}): string {
    const from = source ? ` FROM ${source}` : '';
    const values = this.columns.map(({ name }, index) => {
      const expression = completed[name];
      return expression ? `coalesce(${this.parameters[index]}, ${expression})` : this.parameters[index];
    });
    return `INSERT INTO ${this.table} (${this.selection}) SELECT ${values.join(', ')}${from} RETURNING id`;
  }

  /** Inserts any number of rows, given column by column as {@link insertColumns} does. */
  insertAllSql(): string {
    const arrays = this.columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    return `INSERT INTO ${this.table} (${this.selection}) SELECT * FROM unnest(${arrays}) RETURNING id`;
  }

  /**
   * Writes only if the row still has the version that was read: the loser of a race changes nothing.
   * @param condition what else must hold, e.g. `EXISTS (SELECT FROM allowed)`.
   */
  updateSql(condition?: string): string {
    const loaded = this.columns.length + 1;
    return (
      `UPDATE ${this.table} SET ${this.assignments} WHERE id = ${this.parameterOf('id')} AND version = $${loaded}::int ` +
      `AND NOT is_deleted AND ${this.parameterOf('created_at')} IS NOT NULL${condition ? ` AND ${condition}` : ''} RETURNING id`
    );
  }

  insertValues(entity: T): unknown[] {
    return this.columns.map(({ property, type }) => {
      const value = (entity as unknown as Record<string, unknown>)[property];
      // The driver would write an array as one of PostgreSQL's own.
      return type === 'jsonb' ? JSON.stringify(value) : value;
    });
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
