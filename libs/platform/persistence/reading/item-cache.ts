import { LRUCache } from 'lru-cache';

/** Which version of a row PostgreSQL shows. */
export interface RowVersion {
  readonly id: string;
  /** The transaction that wrote this version (`xmin`): every change of a row has another one, also a change by hand. */
  readonly row_version: string;
}

/** A row and the item that was made of it. */
export interface CachedItem<R extends object, V> {
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
