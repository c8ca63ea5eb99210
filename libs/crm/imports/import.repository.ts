import { Injectable } from '@nestjs/common';
import { Clock } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import type { DuplicateRule, ImportKind, RowFault, RowKey } from './contracts.js';
import type { ImportMode, ImportState } from './import-state.js';

/** A run as its job needs it. */
export interface ImportRun {
  readonly id: string;
  readonly kind: ImportKind;
  readonly state: ImportState;
  readonly mode: ImportMode;
  readonly duplicates: DuplicateRule;
  readonly dry_run: boolean;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly chunks: number;
  readonly next_chunk: number;
  /** Rows with faults, in this phase. */
  readonly failed: number;
  readonly created_by_id: string;
}

/** What a phase has come to. */
export interface Counts {
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
}

/** A run as it is begun, before its rows are known. */
export type NewRun = Pick<ImportRun, 'id' | 'kind' | 'mode' | 'duplicates' | 'dry_run' | 'columns' | 'created_by_id'>;

/** Maximum number of stored faults per run; further faulty rows are only counted. */
export const MAX_FAULTS = 10_000;

const BEGIN = statement(`
  INSERT INTO crm.import_runs (id, kind, mode, duplicates, dry_run, columns, created_by_id, created_at, updated_at)
  VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::boolean, $6::text[], $7::uuid, $8::timestamptz, $8::timestamptz)`);
const ADD_CHUNK = statement(
  'INSERT INTO crm.import_chunks (import_id, number, rows) VALUES ($1::uuid, $2::int, $3::text)',
);
const SIZE = statement('UPDATE crm.import_runs SET rows = $2::int, chunks = $3::int WHERE id = $1::uuid');

const FIND = statement(`
  SELECT id, kind, state, mode, duplicates, dry_run, columns, rows, chunks, next_chunk, failed, created_by_id
  FROM crm.import_runs WHERE id = $1::uuid`);
const TRY_LOCK = statement('SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0)) AS is_locked');
const CHUNK = statement('SELECT rows FROM crm.import_chunks WHERE import_id = $1::uuid AND number = $2::int');

const ENTER = statement(`
  UPDATE crm.import_runs SET state = $2::text, next_chunk = 0, rows_done = 0, created = 0, updated = 0, skipped = 0,
    failed = 0, phase_started_at = $3::timestamptz, updated_at = $3::timestamptz
  WHERE id = $1::uuid`);
const ADVANCE = statement(`
  UPDATE crm.import_runs SET next_chunk = next_chunk + $2::int, rows_done = rows_done + $3::int,
    created = created + $4::int, updated = updated + $5::int, skipped = skipped + $6::int, failed = failed + $7::int,
    updated_at = $8::timestamptz
  WHERE id = $1::uuid`);
const SHOW = statement(`
  UPDATE crm.import_runs SET rows_done = coalesce($2::int, rows_done), updated_at = $3::timestamptz
  WHERE id = $1::uuid AND finished_at IS NULL RETURNING id`);
const ADD_FAULTS = statement(`
  INSERT INTO crm.import_errors (import_id, line, number, "column", code, detail)
  SELECT $1::uuid, line, row_number() OVER (PARTITION BY line ORDER BY place), name, code, detail
  FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS f (line, name, code, detail, place)
  WHERE (SELECT count(*) FROM (SELECT FROM crm.import_errors WHERE import_id = $1::uuid LIMIT ${MAX_FAULTS}) AS known)
    + place <= ${MAX_FAULTS}`);
const CLAIMED = statement(
  'SELECT key, line FROM crm.import_keys WHERE import_id = $1::uuid AND key = ANY ($2::text[])',
);
/** A phase that follows another claims what that one has claimed. */
const CLAIM = statement(`
  INSERT INTO crm.import_keys (import_id, key, line)
  SELECT $1::uuid, key, line FROM unnest($2::text[], $3::int[]) AS c (key, line) ON CONFLICT DO NOTHING`);
const FINISH = statement(`
  UPDATE crm.import_runs SET state = $2::text, finished_at = $3::timestamptz, updated_at = $3::timestamptz
  WHERE id = $1::uuid`);
const FORGET = [
  statement('DELETE FROM crm.import_chunks WHERE import_id = $1::uuid'),
  statement('DELETE FROM crm.import_keys WHERE import_id = $1::uuid'),
];

/** The tables of imports, each statement in the open unit of work if there is one. */
@Injectable()
export class ImportRepository {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async begin(run: NewRun): Promise<void> {
    const { id, kind, mode, duplicates, dry_run, columns, created_by_id } = run;
    await this.database.query(BEGIN, [id, kind, mode, duplicates, dry_run, columns, created_by_id, this.clock.now()]);
  }

  /** @param rows JSON text of `[[line, cell, …], …]`. */
  async addChunk(id: string, number: number, rows: string): Promise<void> {
    await this.database.query(ADD_CHUNK, [id, number, rows]);
  }

  async setSize(id: string, rows: number, chunks: number): Promise<void> {
    await this.database.query(SIZE, [id, rows, chunks]);
  }

  find(id: string): Promise<ImportRun | undefined> {
    return this.database.first<ImportRun>(FIND, [id]);
  }

  /** Locks the run until the unit of work ends; undefined when another worker has it. */
  async lock(id: string): Promise<ImportRun | undefined> {
    const lock = await this.database.first<{ is_locked: boolean }>(TRY_LOCK, [id]);
    return lock?.is_locked ? this.find(id) : undefined;
  }

  /** The rows of a chunk as `[line, cell, …]`. */
  async chunk(id: string, number: number): Promise<readonly (readonly [number, ...string[]])[]> {
    const chunk = await this.database.first<{ rows: string }>(CHUNK, [id, number]);
    if (!chunk) throw new Error(`import ${id} lacks its chunk ${number}`);
    return JSON.parse(chunk.rows) as [number, ...string[]][];
  }

  /** Begins a phase: nothing of the file is done in it yet. */
  async enter(id: string, state: ImportState): Promise<void> {
    await this.database.query(ENTER, [id, state, this.clock.now()]);
  }

  async advance(id: string, chunks: number, rows: number, counts: Counts): Promise<void> {
    const { created, updated, skipped, failed } = counts;
    await this.database.query(ADVANCE, [id, chunks, rows, created, updated, skipped, failed, this.clock.now()]);
  }

  /**
   * Says how far a phase is that is one transaction; it has no other effect. The run does not end until the unit of
   * work does.
   * @param rowsDone when it differs from the run's row.
   * @returns whether the run has not ended.
   */
  async show(id: string, rowsDone?: number): Promise<boolean> {
    return (await this.database.first(SHOW, [id, rowsDone ?? null, this.clock.now()])) !== undefined;
  }

  async addFaults(id: string, faults: readonly RowFault[]): Promise<void> {
    if (faults.length === 0) return;
    const column = <F extends keyof RowFault>(name: F): RowFault[F][] => faults.map((fault) => fault[name]);
    await this.database.query(ADD_FAULTS, [id, column('line'), column('column'), column('code'), column('detail')]);
  }

  /** The lines of the file that have claimed these keys. */
  async claimed(id: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.query<RowKey>(CLAIMED, [id, keys]);
    return new Map(rows.map(({ key, line }) => [key, line]));
  }

  async claim(id: string, keys: readonly RowKey[]): Promise<void> {
    await this.database.query(CLAIM, [id, keys.map(({ key }) => key), keys.map(({ line }) => line)]);
  }

  /** Ends a run and deletes the contents of its file. */
  async finish(id: string, state: ImportState): Promise<void> {
    await this.database.query(FINISH, [id, state, this.clock.now()]);
    for (const forget of FORGET) await this.database.query(forget, [id]);
  }
}
