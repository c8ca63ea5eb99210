/** Types of days and moments, as PostgreSQL names them; with `?` a column may be null, and null counts as the latest. */
type TimeType = 'date' | 'timestamptz' | 'date?' | 'timestamptz?';

/** Type of one part of a sort key. */
export type KeyType = TimeType | 'uuid' | 'int' | 'text';

/** The order of a list, in which its cursors mark positions. */
export interface ListOrder {
  /** Names the list, and its sorting where it has several: another list refuses its cursors. */
  readonly name: string;
  /** Columns of the sort key and their types; the last column is unique in the list. */
  readonly key: Readonly<Record<string, KeyType>>;
  /** Whether all columns descend; they ascend unless given. */
  readonly isDescending?: boolean;
  /** Whether the caller chose it: not every filter has an index in its order. */
  readonly isChosen?: boolean;
}

/** The columns by which a list is sorted and narrowed, declared once for each resource. */
export interface ListColumns {
  /** Names the list: another list refuses its cursors. */
  readonly name: string;
  /** The order unless the caller chooses: a name of `sorts`, with `-` in front if it descends. */
  readonly sort: string;
  /** Sort keys by the name in `sort`. */
  readonly sorts: Readonly<Record<string, ListOrder['key']>>;
  /** Columns by the name of their range: `created` for the parameters `created_from` and `created_to`. */
  readonly ranges?: Readonly<Record<string, RangeColumn>>;
}

/** A column of days or moments. */
interface RangeColumn {
  readonly column: string;
  readonly type: TimeType;
}

/** Limits of a column, both included. Limits of a moment are instants, or days of the business. */
export interface DateRange extends RangeColumn {
  readonly from?: string;
  readonly to?: string;
}

/** The order of a list for a `sort` of the caller. */
export function listOrder({ name, sort: usual, sorts }: ListColumns, sort = usual): ListOrder {
  const isDescending = sort.startsWith('-');
  const key = sorts[isDescending ? sort.slice(1) : sort]!;
  return sort === usual ? { name, key, isDescending } : { name: `${name} ${sort}`, key, isDescending, isChosen: true };
}

/** Request of a page of a list. */
export interface PageRequest {
  /** Rows at the most, 1..200. */
  readonly limit: number;
  readonly order: ListOrder;
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
