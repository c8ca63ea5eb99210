import pg from 'pg';
import { ClientSettings, DatabaseSettings, loadSettings } from '#platform/config';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { CommandError, DATA_DIRECTORY, print, type Printed, report } from '../command.js';
import type { Seeded } from '../demo/seed.js';

/** PostgreSQL's code for a role that does not exist. */
const UNDEFINED_OBJECT = '42704';

/** `migrate`: updates the schema and the columns that the service derives to this code. */
export async function migrate(options: Printed, env: NodeJS.ProcessEnv): Promise<number> {
  await withDatabase(env, async (url) => {
    const applied = await migrateDatabase(url);
    await grantRuntimeRole(url, env);
    const phoneKeys = await updatePhoneKeys(url, env);
    const schema = applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`;
    const keys = phoneKeys > 0 ? ` Recomputed ${phoneKeys} phone keys.` : '';
    report(options, { applied, phone_keys: phoneKeys }, schema + keys);
  });
  return 0;
}

/** @returns the number of changed rows; 0 also while a worker recomputes them. */
async function updatePhoneKeys(url: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { phoneRegion } = loadSettings(env, [ClientSettings]).get(ClientSettings) as ClientSettings;
  const { backfillPhoneKeys } = await import('#crm/clients');
  return (await withClient(url, (client) => backfillPhoneKeys(client, phoneRegion))) ?? 0;
}

/** `seed`: migrates, and adds the demo data unless there are clients. */
export async function seed(options: Printed, env: NodeJS.ProcessEnv): Promise<number> {
  await withDatabase(env, async (url) => {
    await migrateDatabase(url);
    const seeded = await seedDatabase(url, env, !options.json);
    report(
      options,
      { seeded: seeded ?? null },
      seeded
        ? `Added ${seeded.clients} clients and ${seeded.deals} deals with all that belongs to them.`
        : 'There are clients already: nothing was added.',
    );
  });
  return 0;
}

/**
 * Adds the demo data to a migrated database without clients.
 * @param env the rest of the configuration.
 * @param isForPerson whether to show progress, because it takes a while.
 * @returns how much was added; undefined when there were clients already.
 * @throws CommandError when the database can't be reached.
 */
export async function seedDatabase(
  url: string,
  env: NodeJS.ProcessEnv,
  isForPerson = true,
): Promise<Seeded | undefined> {
  if (await withClient(url, hasClients)) return undefined; // checked here too, because the seed loads all domains
  if (isForPerson) print('  Adding the demo data, once …');
  const [{ seedDemo }, { ProgressBar }] = await Promise.all([import('../demo/seed.js'), import('../progress-bar.js')]);
  const bar = new ProgressBar(isForPerson);
  try {
    return await seedDemo(url, env, undefined, (done, total) => bar.show('adding', done, total));
  } finally {
    bar.end();
  }
}

/**
 * Migrates the schema to this code.
 * @returns the names of the migrations applied now.
 * @throws CommandError when the database can't be reached.
 */
export async function migrateDatabase(url: string): Promise<readonly string[]> {
  if (await withClient(url, isCurrent)) return []; // the usual case: skips loading TypeORM, which takes half a second
  const { runMigrations } = await import('#platform/persistence');
  return (await runMigrations(url, MIGRATIONS)).applied;
}

/**
 * The migrations in the database that this code does not have: it can't run on them, and they do not go back.
 * @throws CommandError when the database can't be reached.
 */
export async function unknownMigrations(url: string): Promise<readonly string[]> {
  const known = MIGRATIONS.map(({ name }) => name);
  const { rows } = await withClient(url, (client) =>
    client.query<{ name: string }>('SELECT name FROM crm.migrations WHERE name <> ALL ($1) ORDER BY id', [known]),
  );
  return rows.map(({ name }) => name);
}

/**
 * Grants the rights of the runtime role, including those on new tables.
 * @throws CommandError when the role does not exist.
 */
async function grantRuntimeRole(url: string, env: NodeJS.ProcessEnv): Promise<void> {
  const settings = loadSettings({ ...env, CRM_DATABASE_URL: url }, [DatabaseSettings]);
  const { runtimeRole } = settings.get(DatabaseSettings) as DatabaseSettings;
  if (runtimeRole === undefined) return;
  try {
    await withClient(url, (client) => client.query('SELECT crm.grant_runtime($1)', [runtimeRole]));
  } catch (error) {
    if ((error as pg.DatabaseError).code !== UNDEFINED_OBJECT) throw error;
    throw new CommandError(`The role ${runtimeRole} of CRM_DATABASE_RUNTIME_ROLE does not exist: create it first.`);
  }
}

/** Runs on the configured database, else on that of `npm start`, which is started if it does not run. */
export async function withDatabase(env: NodeJS.ProcessEnv, work: (url: string) => Promise<void>): Promise<void> {
  if (env.CRM_DATABASE_URL || env.NODE_ENV === 'production') {
    const { url } = loadSettings(env, [DatabaseSettings]).get(DatabaseSettings) as DatabaseSettings;
    return work(url!);
  }
  const { runningPostgres, startPostgres } = await import('#platform/services');
  const running = runningPostgres(DATA_DIRECTORY);
  if (running) return work(running);
  const server = await startPostgres({ dataDirectory: DATA_DIRECTORY, durable: true });
  try {
    await work(server.url);
  } finally {
    await server.stop();
  }
}

/** @throws CommandError when it can't be reached. */
export async function withClient<R>(url: string, work: (client: pg.Client) => Promise<R>): Promise<R> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A broken connection fails the current query, or the next one.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new CommandError(`The database can't be reached: ${message || code}. CRM_DATABASE_URL says where it is.`);
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Whether exactly the migrations of this code are recorded. */
async function isCurrent(client: pg.Client): Promise<boolean> {
  const { rows: found } = await client.query(`SELECT WHERE to_regclass('crm.migrations') IS NOT NULL`);
  if (found.length === 0) return false;
  const { rows } = await client.query<{ name: string }>('SELECT name FROM crm.migrations ORDER BY timestamp');
  return rows.map(({ name }) => name).join() === MIGRATIONS.map(({ name }) => name).join();
}

async function hasClients(client: pg.Client): Promise<boolean> {
  return (await client.query('SELECT FROM crm.clients LIMIT 1')).rows.length > 0;
}
