import { Batches } from './batches.js';
import type { Database } from '../connection/database.js';
import { isRefusal } from '../connection/database-errors.js';
import { type Statement, statement } from '../reading/statement.js';
import type { PreparedWrite } from '../unit-of-work.js';

/** One write of a group. */
interface Write {
  /** What its rows come back under; of writes with the same key one is under way at a time. */
  readonly key: string;
  /** A JSON object, as text. */
  readonly record: string;
}

interface WrittenRow {
  readonly key: string;
}

/** While one statement waits for the disk, another is computed. */
const LANES = 2;
const MOST_WRITES = 50;
/**
 * Lock timeout of a batch. Far longer than a usual write locks a row, and shorter than PostgreSQL's deadlock timeout of
 * one second: an import that locks a row for minutes delays only the write of that row, and is never a deadlock's victim.
 */
const GROUP_PATIENCE_MS = 200;

/**
 * Writes concurrent records of one kind by one statement, and so in one transaction with one wait for the disk. Each
 * caller is answered after the commit. If PostgreSQL refuses a record, or a lock is not available, the records are
 * written one by one, so that one bad record cannot fail the others.
 */
export class GroupCommit<R extends WrittenRow> {
  private readonly statement: Statement;
  private readonly batches: Batches<Write, readonly R[]>;

  /**
   * @param members of a record, each `name type`.
   * @param rest of the statement that begins with `WITH input AS (…)`, the records; gives rows with the `key` of the
   *   write that each belongs to, and none of a write whose conditions did not hold.
   */
  constructor(
    private readonly database: Database,
    members: readonly string[],
    rest: string,
  ) {
    this.statement = statement(`WITH input AS MATERIALIZED (${inputSql(members)})${rest}`);
    const keyOf = ({ key }: Write): string => key;
    const { patienceMs } = database;
    this.batches = new Batches((writes) => this.writeGroup(writes), {
      lanes: LANES,
      most: MOST_WRITES,
      patienceMs,
      keyOf,
    });
  }

  /**
   * One write, for {@link UnitOfWork.write}; in a transaction that is open it is written there, by itself.
   * @param recordOf the record as text; called once.
   */
  write(key: string, recordOf: () => string): PreparedWrite<R> {
    return {
      statement: this.statement,
      values: () => [`[${recordOf()}]`],
      withOthers: () => this.batches.add({ key, record: recordOf() }),
    };
  }

  private async writeGroup(writes: readonly Write[]): Promise<readonly (readonly R[] | Promise<readonly R[]>)[]> {
    if (writes.length === 1) return this.writeLone(writes[0]!);
    try {
      return await this.writeAll(writes);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return writes.map((write) => this.writeAlone(write));
    }
  }

  /** Keeps its lane no longer than a group would: two that wait for a row must not hold up all the others. */
  private async writeLone(write: Write): Promise<readonly [Promise<readonly R[]>]> {
    const rows = this.writeAlone(write);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, GROUP_PATIENCE_MS)));
    try {
      await Promise.race([rows, late]);
    } finally {
      clearTimeout(timer);
    }
    return [rows];
  }

  private async writeAlone(write: Write): Promise<readonly R[]> {
    const [rows] = await this.writeAll([write]);
    return rows!;
  }

  private async writeAll(writes: readonly Write[]): Promise<readonly (readonly R[])[]> {
    const records = `[${writes.map(({ record }) => record).join(',')}]`;
    const written = new Map<string, R[]>(writes.map(({ key }) => [key, []]));
    for (const row of await this.database.query<R>(this.statement, [records])) written.get(row.key)!.push(row);
    return [...written.values()];
  }
}

/** The limit is set before the first row is there, and applies to this statement alone; a single record waits without it. */
function inputSql(members: readonly string[]): string {
  return `
    SELECT i.* FROM (
      SELECT CASE WHEN jsonb_array_length($1::jsonb) > 1 THEN set_config('lock_timeout', '${GROUP_PATIENCE_MS}', true) END
      OFFSET 0) AS patience
    CROSS JOIN jsonb_to_recordset($1::jsonb) AS i (${members.join(', ')})`;
}
