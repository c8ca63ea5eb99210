import { type Caller, DomainError, type FieldFault, type Instant } from '#platform/kernel';

/** What can be imported. */
export const IMPORT_KINDS = ['clients', 'deals', 'policies', 'payments'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** What to do with a row that is known already: refuse it, pass it over, change what is known, or add it all the same. */
export const DUPLICATE_RULES = ['refuse', 'skip', 'update', 'allow'] as const;
export type DuplicateRule = (typeof DUPLICATE_RULES)[number];

/** Rows checked in one turn of the event loop. */
const ROWS_PER_TURN = 100;

/** One row of a file. */
export interface ImportRow {
  /** Line of the file on which it begins; the header's is 1. */
  readonly line: number;
  /** By column, as the API names them; empty cells are left out. */
  readonly cells: Readonly<Record<string, string>>;
}

/** What is wrong with a row; never the value itself. */
export interface RowFault {
  readonly line: number;
  /** Null when it is about the row as a whole. */
  readonly column: string | null;
  readonly code: string;
  readonly detail: string;
}

/** A row, and what of it makes it the same as another. */
export interface RowKey {
  readonly line: number;
  readonly key: string;
}

/** What an importer works under. */
export interface ImportContext {
  /** On whose behalf; imports are an admin's. */
  readonly caller: Caller;
  readonly duplicates: DuplicateRule;
  /** Everything is checked and nothing written. */
  readonly isDryRun: boolean;
  /** Whether the open unit of work lasts for seconds only, so that its locks may block others. */
  readonly isBrief: boolean;
  readonly now: Instant;
  /** The lines of accepted rows of the file by those of these keys that they have claimed. */
  readonly claimed: (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Claims the keys of accepted rows for the whole file. */
  readonly claim: (keys: readonly RowKey[]) => Promise<void>;
}

/**
 * Takes rows of one kind into the book. A domain's core module provides its own; the imports find every instance.
 * The rows are checked by the rules of the resource's own route.
 */
export abstract class Importer {
  abstract readonly kind: ImportKind;
  /** Names of the columns it knows. */
  abstract readonly columns: readonly string[];
  /** Those among them that a file can't be without. */
  abstract readonly required: readonly string[];
  /** Which rules it can follow. */
  abstract readonly duplicateRules: readonly DuplicateRule[];

  /**
   * Locks the subjects of these rows until the open unit of work ends, without an outcome: where a file of several
   * chunks is one transaction, this comes for all of them before the first is taken. Only needed where a change waits
   * for more than its own row.
   */
  lock(_rows: readonly ImportRow[], _context: ImportContext): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Runs in the open unit of work, with which all it did is undone.
   * @param outcome receives the result of each row.
   */
  abstract take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void>;
}

/** A row that has passed the check of its fields. */
export interface CheckedRow<B> {
  readonly line: number;
  readonly body: B;
}

/** What becomes of rows. */
export class RowOutcome {
  created = 0;
  updated = 0;
  skipped = 0;
  readonly faults: RowFault[] = [];

  /** How many rows have faults. */
  get failed(): number {
    return new Set(this.faults.map(({ line }) => line)).size;
  }

  /** Runs `act` for the row on `line`; a rule that says no becomes the row's fault, and gives undefined. */
  async attempt<T>(line: number, act: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.refuse(line, error);
      return undefined;
    }
  }

  refuse(line: number, error: DomainError): void {
    const faults = error.details.errors as readonly FieldFault[] | undefined;
    if (!faults) this.faults.push({ line, column: null, code: error.code, detail: error.message });
    for (const { pointer, code, detail } of faults ?? []) {
      this.faults.push({ line, column: pointer.split('/')[1] || null, code, detail });
    }
  }

  /** The rows whose fields pass `check`, with what it makes of them. */
  async checked<B>(rows: readonly ImportRow[], check: (cells: ImportRow['cells']) => B): Promise<CheckedRow<B>[]> {
    const passed: CheckedRow<B>[] = [];
    for (const [index, { line, cells }] of rows.entries()) {
      if (index % ROWS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const body = await this.attempt(line, () => check(cells));
      if (body !== undefined) passed.push({ line, body });
    }
    return passed;
  }

  /** What the rows of this chunk must not share with other rows of the file. */
  async claims<B>(
    rows: readonly CheckedRow<B>[],
    keysOf: (body: B) => readonly (string | null | undefined | false)[],
    context: ImportContext,
  ): Promise<RowClaims> {
    const keysByLine = new Map(
      rows.map(({ line, body }) => [line, keysOf(body).filter((key) => typeof key === 'string')]),
    );
    const keys = [...keysByLine.values()].flat();
    const claimed = keys.length > 0 ? await context.claimed(keys) : new Map<string, number>();
    return new RowClaims(this, keysByLine, claimed, context);
  }
}

/** The keys of a chunk's rows. An accepted row claims its keys; a refused one leaves them to the rows behind it. */
export class RowClaims {
  private readonly claimed: Map<string, number>;
  private readonly fresh: RowKey[] = [];

  constructor(
    private readonly outcome: RowOutcome,
    private readonly keysByLine: ReadonlyMap<number, readonly string[]>,
    claimed: ReadonlyMap<string, number>,
    private readonly context: ImportContext,
  ) {
    this.claimed = new Map(claimed);
  }

  /**
   * Runs `accept` for the row on `line`, whose keys are then claimed unless the row was refused. A row with a key of an
   * accepted row is skipped or refused by the duplicate rule instead.
   */
  async accept(line: number, accept: () => unknown): Promise<void> {
    const keys = this.keysByLine.get(line)!;
    const other = keys.map((key) => this.claimed.get(key)).find((owner) => owner !== undefined && owner !== line);
    if (other !== undefined) {
      if (this.context.duplicates === 'skip') this.outcome.skipped++;
      else this.outcome.refuse(line, repeatedRow(other));
      return;
    }
    const faults = this.outcome.faults.length;
    await accept();
    if (this.outcome.faults.length > faults) return;
    for (const key of keys) {
      if (!this.claimed.has(key)) this.fresh.push({ line, key });
      this.claimed.set(key, line);
    }
  }

  /** Stores the claims for the chunks behind this one. */
  async store(): Promise<void> {
    if (this.fresh.length > 0) await this.context.claim(this.fresh);
  }
}

function repeatedRow(line: number): DomainError {
  return new DomainError('conflict', 'row_repeated', `The file has the same on line ${line}.`);
}

/** The refusal of a row that names another id than the record it would change. */
export function idConflict(): DomainError {
  const message = 'The row is known by its other columns under another id. Remove the id from the row, or correct it.';
  return new DomainError('conflict', 'id_conflict', message);
}

/** The refusal of a row whose id belongs to something that is there already, or was. */
function idTaken(): DomainError {
  return new DomainError('conflict', 'id_taken', 'There is one with this id already.');
}

/** A stored record as far as a row with its id needs it. */
interface StoredRecord {
  readonly is_deleted: boolean;
  readonly merged_into_id?: string | null;
}

/**
 * The refusal of a row whose id belongs to a record that no row can change.
 * @returns `record_merged` with the survivor's id, `record_deleted`, else `id_taken`.
 */
export function idRefused({ is_deleted: isDeleted, merged_into_id: survivorId }: StoredRecord): DomainError {
  if (survivorId) {
    return new DomainError(
      'conflict',
      'record_merged',
      `The record with this id was merged into ${survivorId}: give that id, or leave the id out.`,
      { survivor_id: survivorId },
    );
  }
  if (!isDeleted) return idTaken();
  return new DomainError(
    'conflict',
    'record_deleted',
    'The record with this id was deleted and its id is not given again: leave the id out to add a new record.',
  );
}
