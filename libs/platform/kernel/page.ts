/** Type of one part of a sort key, as PostgreSQL names it. */
export type KeyType = 'uuid' | 'date' | 'timestamptz' | 'int' | 'text';

/** The order of a list, in which its cursors mark positions. */
export interface ListOrder {
  /** Names the list, and its sorting where it has several: another list refuses its cursors. */
  readonly name: string;
  /** Columns of the sort key and their types; the last column is unique in the list. */
  readonly key: Readonly<Record<string, KeyType>>;
  /** Whether all columns descend; they ascend unless given. */
  readonly isDescending?: boolean;
}

/** Request of a page of a list. */
export interface PageRequest {
  /** Rows at the most, 1..200. */
  readonly limit: number;
  /** The sort key of the last row already seen, as the list's query wrote it. */
  readonly after?: readonly string[];
  /** Whether the caller wants to know how many rows match in all. */
  readonly includeTotal: boolean;
}

/** A part of a list, stable under writes: rows after the key, in the list's order. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The sort key to go on from, or null at the end. */
  readonly next: readonly string[] | null;
  /** Present when it was requested. */
  readonly total?: number;
  /** Whether requests share the items, so that what is made of an item can be reused. */
  readonly isCached?: boolean;
}
