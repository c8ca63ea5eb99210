import { createHash } from 'node:crypto';
import { databaseOptions, type MigrationClass, runMigrations } from '#platform/persistence';
import { newId } from '#platform/kernel';
import pg from 'pg';
import { testServer } from './test-environment.js';

/** Jest's workers come at once: one of them makes the template, the others wait. */
const TEMPLATE_LOCK = 7_263_900;
const TIMEOUT_MS = 60_000;
const NAME = 'crm-test';

/** Looks at what a test leaves in its database, and throws when it should not be there. */
type DatabaseCheck = (database: TestDatabase) => Promise<void>;

/** A migrated database of its own for one test file. */
export class TestDatabase {
  private static readonly checks: DatabaseCheck[] = [];
  private readonly pool: pg.Pool;

  /**
   * @param url for `CRM_DATABASE_URL`.
   * @param isScripted whether the test itself makes up what is in it, so that no check belongs to it.
   */
  constructor(
    readonly url: string,
    private readonly isScripted = false,
  ) {
    this.pool = new pg.Pool({ ...databaseOptions(url, NAME, TIMEOUT_MS), max: 2, allowExitOnIdle: true });
    // A dropped database ends idle connections, which are not awaited.
    this.pool.on('error', () => undefined);
  }

  /** From now on no database goes without this check. */
  static beforeDrop(check: DatabaseCheck): void {
    TestDatabase.checks.push(check);
  }

  /** Rows of any statement, as the program would see their values: instants and dates as text. */
  async rows<R extends object>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.pool.query<R>(sql, [...values])).rows;
  }

  /**
   * Runs `work` on one connection in a transaction, and undoes all of it.
   * @returns what `work` gave.
   */
  async undone<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      return await work(client);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  /** Runs the checks; for databases that are discarded otherwise than by {@link drop}. */
  async check(): Promise<void> {
    if (this.isScripted) return;
    for (const check of TestDatabase.checks) await check(this);
  }

  /** Checks its contents and drops it with its open connections. */
  async drop(): Promise<void> {
    try {
      await this.check();
    } finally {
      await this.pool.end();
      const name = new URL(this.url).pathname.slice(1);
      await onServer((server) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    }
  }
}

/**
 * A fresh database on the test run's server with these migrations applied. They run once for each set of migrations:
 * the result is stored as a template, named by their content, and copied.
 * @param isScripted whether the test itself makes up what is in it: it is not checked when it goes.
 */
export async function createTestDatabase(
  migrations: readonly MigrationClass[],
  { isScripted = false } = {},
): Promise<TestDatabase> {
  const template = `template_${contentHash(migrations)}`;
  const name = `test_${newId().replaceAll('-', '')}`;
  await onServer(async (server) => {
    await server.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) await makeTemplate(server, template, migrations);
    await server.query('SELECT pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
    await server.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  return new TestDatabase(urlOf(name), isScripted);
}

/** Under another name until it is done, so that one which broke off is never taken for whole. */
async function makeTemplate(server: pg.Client, template: string, migrations: readonly MigrationClass[]): Promise<void> {
  const unfinished = `${template}_unfinished`;
  await server.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
  await server.query(`CREATE DATABASE ${unfinished}`);
  await runMigrations(urlOf(unfinished), migrations);
  await server.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
}

function contentHash(migrations: readonly MigrationClass[]): string {
  return createHash('sha256').update(migrations.map(String).join('\n')).digest('hex').slice(0, 16);
}

function urlOf(database: string): string {
  const url = new URL(testServer('CRM_TEST_DATABASE_URL'));
  url.pathname = `/${database}`;
  return url.toString();
}

async function onServer(work: (server: pg.Client) => Promise<unknown>): Promise<void> {
  const server = new pg.Client({ connectionString: testServer('CRM_TEST_DATABASE_URL'), application_name: NAME });
  await server.connect();
  try {
    await work(server);
  } finally {
    await server.end();
  }
}
