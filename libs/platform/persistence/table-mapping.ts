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

  /**
   * Inserts a row for each of a FROM clause, or updates the row of the same id if it has the version before.
   * @param valueOf the expression over it that gives a column.
   */
  upsertFromSql(from: string, valueOf: (column: string) => string): string {
    const changing = this.columns.filter(({ name }) => !FIXED.includes(name));
    const values = this.columns.map(({ name }) => valueOf(name)).join(', ');
    return (
      `INSERT INTO ${this.table} AS stored (${this.selection}) SELECT ${values} FROM ${from} ON CONFLICT (id) DO UPDATE ` +
      `SET ${changing.map(({ name }) => `${name} = excluded.${name}`).join(', ')} ` +
      `WHERE stored.version = excluded.version - 1 AND NOT stored.is_deleted RETURNING stored.id`
    );
  }

  /** `name type` of each column, for `jsonb_to_recordset`. */
  get members(): readonly string[] {
    return this.columns.map(({ name, type }) => `${name} ${type}`);
  }

  /** The value of each column by its name, to be serialized as JSON. */
  insertRecord(entity: T): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const { property, name } of this.columns) {
      record[name] = (entity as unknown as Record<string, unknown>)[property];
    }
    return record;
  }

  /** Makes the entity of a row that was selected by {@link selection}. */
  hydrate(row: Readonly<Record<string, unknown>>): T {
    const entity = this.metadata.create() as T & Record<string, unknown>;
    for (const { property, name } of this.columns) (entity as Record<string, unknown>)[property] = row[name];
    entity.loadedVersion = entity.currentVersion;
    return entity;
  }
}
