import { Database, statement } from '#platform/persistence';
import { type Method, type TestApplication, TestUser } from '#platform/testing';
import type { Crm } from '../../support/crm.js';

/** PostgreSQL may choose a generic plan at the sixth execution. */
const ROUNDS = 8;
/** Limit for a page of 50 or all rows of one user, with the lookups of each row. */
export const PAGE_ROWS = 400;
export const REACH_ROWS = 1_000;
/** Limit for a filter outside the index: enough index rows to fill a page, or rows of a second index. */
export const FILTERED_ROWS = 4_000;
/** A smaller table may be read by a sequential scan. */
const SMALL_TABLE = 1_000;

export type Person = 'admin' | 'seller' | 'executor';

/** Limits of one request in a large book. */
export interface Scenario {
  /** Placeholders such as `{deal}` are replaced by ids. */
  readonly path: string;
  readonly as?: Person;
  readonly body?: (round: number) => object;
  /** Regular expression for the end of the name of the required index. */
  readonly index: string;
  /** Limit of rows and index entries; by default that of its kind. */
  readonly rows?: number;
}

/** Statistics of PostgreSQL for a table or an index. */
interface Work {
  readonly wholeScans: number;
  readonly uses: number;
  /** Rows, or entries of an index. */
  readonly rowsRead: number;
}

/** Flushes the statistics of a connection; sleeps, so that concurrent calls use different connections. */
const FLUSH = statement('SELECT pg_stat_force_next_flush(), pg_sleep(0.01)');
const NOTHING: Work = { wholeScans: 0, uses: 0, rowsRead: 0 };
const ROLES: Readonly<Record<Person, string>> = {
  admin: 'ROLE_ADMIN',
  seller: 'ROLE_SALES_AGENT',
  executor: 'ROLE_EXECUTOR',
};

/** Replaces the placeholders of a path by ids. */
export function filled(path: string, ids: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name]!);
}

/** Checks how many rows requests read, and by which index; of an application with two connections. */
export class RowReads {
  constructor(
    private readonly crm: Crm,
    private readonly api: TestApplication,
    /** Ids of the persons. */
    private readonly ids: Readonly<Record<string, string>>,
  ) {}

  /** Sends concurrent requests several times, and checks the rows read. */
  async check(
    urls: readonly string[],
    method: Method,
    { as = 'admin', body, index, rows }: Scenario,
    usual: number,
  ): Promise<void> {
    const by = new TestUser(this.api.inject, this.ids[as]!, [ROLES[as]]);
    const before = await this.work();
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(urls.map((url) => by.send<object>(method, url, { body: body?.(round) })));
      for (const answer of answers) {
        expect({ status: answer.status < 300, body: answer.body }).toEqual({ status: true, body: answer.body });
      }
    }
    const after = await this.work();
    const done = [...after].map(([name, now]) => ({ name, ...difference(now, before.get(name) ?? NOTHING) }));
    const rowsRead = done.reduce((sum, one) => sum + one.rowsRead, 0) / ROUNDS;
    expect(done.filter(({ wholeScans }) => wholeScans > 0)).toEqual([]);
    expect(done.filter(({ uses }) => uses >= ROUNDS).map(({ name }) => name)).toContainEqual(
      expect.stringMatching(`${index}$`),
    );
    expect(rowsRead).toBeLessThanOrEqual(rows ?? usual);
  }

  /** Rows read of each large table and through each index up to now. */
  private async work(): Promise<Map<string, Work>> {
    const database = this.api.nest.get(Database);
    await Promise.all([FLUSH, FLUSH].map((flush) => database.query(flush)));
    const rows = await this.crm.database.rows<Work & { name: string }>(
      `SELECT relname AS name, seq_scan::int AS "wholeScans", 0 AS uses, seq_tup_read::int AS "rowsRead"
         FROM pg_stat_user_tables WHERE schemaname = 'crm' AND n_live_tup > ${SMALL_TABLE}
       UNION ALL
       SELECT indexrelname, 0, idx_scan::int, idx_tup_read::int FROM pg_stat_user_indexes WHERE schemaname = 'crm'`,
    );
    return new Map(rows.map(({ name, ...done }) => [name, done]));
  }
}

function difference(now: Work, before: Work): Work {
  return {
    wholeScans: now.wholeScans - before.wholeScans,
    uses: now.uses - before.uses,
    rowsRead: now.rowsRead - before.rowsRead,
  };
}
