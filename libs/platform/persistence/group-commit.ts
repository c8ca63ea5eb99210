import { Batches } from './batches.js';
import type { Database } from './database.js';
import { isRefusal } from './database-errors.js';
import type { Statement } from './statement.js';
import type { PreparedWrite } from './unit-of-work.js';

/** One write of a group. */
interface Write {
  /** What its rows come back under; of writes with the same key each is in a statement of its own. */
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
 * Writes of one kind, those that are asked for at the same moment by one statement, and so in one transaction with one
 * wait for the disk. Nobody is answered before it is committed. When PostgreSQL refuses one of them, each is written by
 * itself, so that none suffers for another.
 */
export class GroupCommit<R extends WrittenRow> {
  private readonly batches: Batches<Write, readonly R[]>;

  /**
   * @param statement takes a `jsonb` array of records; gives rows with the `key` of the write that each belongs to, and
   *   none of a write whose conditions did not hold.
   */
  constructor(
    private readonly database: Database,
    private readonly statement: Statement,
  ) {
    const keyOf = ({ key }: Write): string => key;
    this.batches = new Batches((writes) => this.writeAll(writes), { lanes: LANES, most: MOST_WRITES, keyOf });
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

  private async writeAll(writes: readonly Write[]): Promise<readonly (readonly R[] | Error)[]> {
    try {
      const rows = await this.database.query<R>(this.statement, [`[${writes.map(({ record }) => record).join(',')}]`]);
      const written = new Map<string, R[]>(writes.map(({ key }) => [key, []]));
      for (const row of rows) written.get(row.key)!.push(row);
      return [...written.values()];
    } catch (error) {
      if (writes.length === 1 || !isRefusal(error)) throw error;
      return Promise.all(writes.map((write) => this.writeAlone(write)));
    }
  }

  private async writeAlone(write: Write): Promise<readonly R[] | Error> {
    try {
      return (await this.writeAll([write]))[0]!;
    } catch (error) {
      return error as Error;
    }
  }
}
