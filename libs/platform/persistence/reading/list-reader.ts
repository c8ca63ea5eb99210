import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RuntimeSettings } from '#platform/config';
import type { DateRange, ListOrder, Page, PageRequest } from '#platform/kernel';
import { ReadReplica } from '../replica/read-replica.js';
import { keyExpression, type SqlConditions } from './sql-conditions.js';
import { UnitOfWork } from '../unit-of-work.js';

/** Rows of a table, and the items that are made of them. */
export interface ItemSource<R extends object, V> {
  /** Columns of the SELECT list under their own names. */
  readonly select: string;
  /** A table with an alias, and its joins. */
  readonly from: string;
  readonly where: SqlConditions;
  /** Further conditions, on columns of days and moments. */
  readonly ranges?: readonly DateRange[];
  /** Makes an item of a row. */
  readonly map: (row: R) => V;
  /** Lets the replica answer. Only for lists that no write depends on, and whose reader accepts a lag. */
  readonly mayLag?: true;
}

/** Items that are read page by page. */
interface ListSource<R extends object, V> extends ItemSource<R, V> {
  /** Limits the list to some values of a column that has an index in the list's order for each value. */
  readonly each?: EachValue;
  /** Caches the items of a list that is read often. `from` must be one table with an id, and `map` depend on the row alone. */
  readonly cache?: ItemCache<R, V>;
}

/**
 * Values of a column whose rows are read separately and merged, so that a page reads no rows of other values. `from` must
 * be one table.
 */
interface EachValue {
  readonly column: string;
  readonly type: 'text' | 'uuid';
  readonly values: readonly string[];
}

const BATCH_SIZE = 1_000;

/** Reads a list: one page of its items, or all of them batch by batch. */
@Injectable()
export class ListReader {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly replica: ReadReplica,
    private readonly settings: RuntimeSettings,
  ) {}

  /**
   * Reads the items after a key in the order of the request, and counts all of them when the request asks for the total.
   * The columns of the order are among the selected ones.
   */
  async page<R extends object, V>(given: ListSource<R, V>, request: PageRequest): Promise<Page<V>> {
    const source = this.withRanges(given, request.order);
    const total = request.includeTotal ? await this.count(source) : undefined;
    // One more than the page has tells whether another page follows.
    const found = await (source.cache ? this.cached(source, source.cache, request) : this.read(source, request));
    const shown = found.slice(0, request.limit);
    return {
      items: shown.map(({ item }) => item),
      next: found.length > request.limit ? keyOf(shown.at(-1)!.row, request.order) : null,
      ...(total !== undefined && { total }),
      ...(source.cache && { isCached: true }),
    };
  }

  /**
   * Reads all items in the order of a unique UUID column. Each batch is a query of its own, run when the consumer requests
   * it, so that no connection and no snapshot waits for the consumer; rows may change between two batches.
   */
  async *batches<R extends object, V>(source: ItemSource<R, V>, idColumn: string): AsyncGenerator<readonly V[]> {
    const order: ListOrder = { name: idColumn, key: { [idColumn]: 'uuid' } };
    const list = { ...source, where: source.where.copy().planEachTime() };
    let after: readonly string[] | undefined;
    do {
      const page = await this.page(list, { limit: BATCH_SIZE, order, includeTotal: false, after });
      if (page.items.length > 0) yield page.items;
      after = page.next ?? undefined;
    } while (after);
  }

  /** The source with its ranges as conditions. */
  private withRanges<R extends object, V>(source: ListSource<R, V>, { isChosen }: ListOrder): ListSource<R, V> {
    const { ranges = [] } = source;
    if (ranges.length === 0 && !isChosen) return source;
    return { ...source, where: source.where.copy().addRanges(ranges, this.settings.timeZone).planEachTime() };
  }

  private async read<R extends object, V>(
    source: ListSource<R, V>,
    request: PageRequest,
  ): Promise<readonly { readonly row: R; readonly item: V }[]> {
    const rows = await this.query<R>(source, pageSql(source, request, source.select));
    return rows.map((row) => ({ row, item: source.map(row) }));
  }

  private async cached<R extends object, V>(
    source: ListSource<R, V>,
    cache: ItemCache<R, V>,
    request: PageRequest,
  ): Promise<readonly CachedItem<R, V>[]> {
    const alias = aliasOf(source);
    const version = `${alias}.xmin AS row_version`;
    const versions = await this.query<RowVersion>(source, pageSql(source, request, `${alias}.id, ${version}`));
    const cached = cache.find(versions);
    if (cached) return cached;
    const rows = await this.query<R & RowVersion>(source, pageSql(source, request, `${source.select}, ${version}`));
    const read = rows.map((row) => ({ row, item: source.map(row) }));
    cache.add(read);
    return read;
  }

  private query<R extends object>({ mayLag }: { readonly mayLag?: true }, { text, where }: PageSql): Promise<R[]> {
    const server = mayLag ? this.replica : this.unitOfWork;
    return server.query<R>(where.statement(text), where.values);
  }

  private async count<R extends object, V>(source: ListSource<R, V>): Promise<number> {
    const { from, where: given, each } = source;
    const where = given.copy();
    if (each) where.add((values) => `${each.column} = ANY (${values}::${each.type}[])`, each.values);
    const text = `SELECT count(*)::int AS count FROM ${from} WHERE ${where.sql}`;
    const [row] = await this.query<{ count: number }>(source, { text, where });
    return row!.count;
  }
}

/** A query, and the conditions that its text contains. */
interface PageSql {
  readonly text: string;
  readonly where: SqlConditions;
}

function pageSql<R extends object, V>(
  source: ListSource<R, V>,
  { after, limit, order }: PageRequest,
  columns: string,
): PageSql {
  const { from, each } = source;
  const where = source.where.copy();
  if (after) where.addKey(order, after);
  const key = Object.entries(order.key).map(
    ([column, type]) => `${keyExpression(column, type)}${order.isDescending ? ' DESC' : ''}`,
  );
  const values = each && where.parameter(each.values);
  const end = `ORDER BY ${key.join(', ')} LIMIT ${where.limit(limit + 1)}`;
  if (!each) return { text: `SELECT ${columns} FROM ${from} WHERE ${where.sql} ${end}`, where };
  const alias = aliasOf(source);
  const ofValue = `SELECT *, ${alias}.xmin FROM ${from} WHERE ${where.sql} AND ${each.column} = each.value ${end}`;
  const text = `SELECT ${columns} FROM unnest(${values}::${each.type}[]) AS each (value)
    CROSS JOIN LATERAL (${ofValue}) AS ${alias} ${end}`;
  return { text, where };
}

function aliasOf({ from }: { readonly from: string }): string {
  return from.slice(from.lastIndexOf(' ') + 1);
}

/** The sort key of a row, from the columns that the order names. */
function keyOf(row: object, { key }: ListOrder): readonly string[] {
  const values = row as Readonly<Record<string, string | number | null>>;
  return Object.keys(key).map((column) => String(values[column.slice(column.lastIndexOf('.') + 1)] ?? 'infinity'));
}

/** Which version of a row PostgreSQL shows. */
interface RowVersion {
  readonly id: string;
  /** The transaction that wrote this version (`xmin`): every change of a row has another one, also a change by hand. */
  readonly row_version: string;
}

/** A row and the item that was made of it. */
interface CachedItem<R extends object, V> {
  readonly row: R & RowVersion;
  readonly item: V;
}

/**
 * Caches the items of a list by the id and the version of their rows. A list with a cache first reads only the ids and
 * versions of its rows, which costs half of reading the rows. Requests share the items: do not change them.
 */
export class ItemCache<R extends object, V> {
  private readonly items: LRUCache<string, CachedItem<R, V>>;

  /** @param capacity number of items; the least recently used leave first. */
  constructor(capacity: number) {
    this.items = new LRUCache({ max: capacity });
  }

  /**
   * Returns the items of these versions in their order, or undefined when one is missing, so that all items of a page are
   * from one moment.
   */
  find(versions: readonly RowVersion[]): readonly CachedItem<R, V>[] | undefined {
    const found: CachedItem<R, V>[] = [];
    for (const { id, row_version } of versions) {
      const cached = this.items.get(id);
      if (cached?.row.row_version !== row_version) return undefined;
      found.push(cached);
    }
    return found;
  }

  add(items: readonly CachedItem<R, V>[]): void {
    for (const cached of items) this.items.set(cached.row.id, cached);
  }
}
