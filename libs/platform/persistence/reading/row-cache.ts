import { LRUCache } from 'lru-cache';

/** Which version of a row PostgreSQL shows: `SELECT t.id, t.xmin AS mark`. Every change of a row gives it another mark. */
export interface RowMark {
  readonly id: string;
  /** The transaction that wrote this version. */
  readonly mark: unknown;
}

interface Kept<V> {
  readonly mark: unknown;
  readonly view: V;
}

/**
 * What was made of rows, kept for whoever finds the same versions of them again: a statement then has to say only which
 * they are, and nobody sees an old one. Of what one statement shows, either all is taken from here or nothing, so that a
 * list is always one moment's.
 */
export class RowCache<V extends object> {
  private readonly views: LRUCache<string, Kept<V>>;

  /** @param capacity rows at the most; those that nobody asked for the longest leave first. */
  constructor(capacity: number) {
    this.views = new LRUCache({ max: capacity });
  }

  /** What is kept of all these versions, in their order, or undefined when one is missing. */
  all(marks: readonly RowMark[]): readonly V[] | undefined {
    const views: V[] = [];
    for (const { id, mark } of marks) {
      const kept = this.views.get(id);
      if (!kept || kept.mark !== mark) return undefined;
      views.push(kept.view);
    }
    return views;
  }

  /** Keeps what was made of a row, in one level; many will see it, so nobody may change it. */
  keep({ id, mark }: RowMark, view: V): V {
    this.views.set(id, { mark, view: Object.freeze(view) });
    return view;
  }
}
