import pg from 'pg';
import {
  ALL_SETTINGS,
  AuthSettings,
  BrokerSettings,
  DatabaseSettings,
  HttpSettings,
  loadSettings,
  RedisSettings,
  SettingsError,
  unknownSettings,
} from '#platform/config';
import type { Statement } from '#platform/persistence';
import { CommandError, print, type Printed } from '../command.js';
import { withDatabase } from '../database/database.js';
import { isRunning } from '../development/run-lock.js';
import { isAuthConfigured } from '../development/token.js';
import { type Check, failed, type Finding, ok } from './check.js';
import { databaseChecks } from './database-checks.js';
import { type Installation, processChecks } from './process-checks.js';
import { replicaChecks } from './replica-check.js';
import { secretCheck } from './secret-check.js';
import { brokerChecks, redisCheck } from './server-checks.js';

const CONNECT_TIMEOUT_MS = 5_000;

interface DoctorOptions extends Printed {
  /** Seconds. */
  readonly lag: string;
}

/**
 * `doctor`: examines the configuration, the servers, the data and the processes of an installation, a line for each check.
 * @returns 1 when a check fails.
 */
export async function doctor(options: DoctorOptions, env: NodeJS.ProcessEnv): Promise<number> {
  if (!/^\d{1,9}$/.test(options.lag)) throw new CommandError('--lag takes a number of seconds.');
  const found: (Finding & { readonly check: string })[] = [];
  const note = (check: string, finding: Finding): void => {
    found.push({ check, ...finding });
    if (!options.json) print(lineOf(check, finding));
  };
  const settings = configured(env, note);
  // Without settings nothing else can be examined.
  if (settings) {
    const installation = installationOf(env);
    await withDatabase(env, async (url) => {
      const database = new LazyClient(url);
      const broker = settings.get(BrokerSettings) as BrokerSettings;
      const checks = [
        secretCheck(env),
        ...databaseChecks(() => database.connected(), broker.url !== undefined, Number(options.lag)),
        ...replicaChecks(settings.get(DatabaseSettings) as DatabaseSettings | undefined, () => database.connected()),
        redisCheck(settings.get(RedisSettings) as RedisSettings),
        ...brokerChecks(broker, () => subscriberQueues(database)),
        ...processChecks(installation, settings.get(HttpSettings) as HttpSettings, (statement, values) =>
          database.rows(statement, values),
        ),
      ];
      for (const check of checks) note(check.name, await findingOf(check));
      await database.end();
    });
  }
  if (options.json) print(JSON.stringify(found));
  return found.some(({ state }) => state === 'FAILED') ? 1 : 0;
}

async function subscriberQueues(database: LazyClient): Promise<readonly string[]> {
  const rows = await database.rows<{ queue: string }>({
    text: 'SELECT queue FROM crm.subscriber_queues ORDER BY queue',
  });
  return rows.map(({ queue }) => queue);
}

/** Before {@link withDatabase}, which starts the database of `npm start` while that does not run. */
function installationOf(env: NodeJS.ProcessEnv): Installation {
  if (!usesStartDatabase(env)) return 'configured';
  return isRunning('start') ? 'started' : 'stopped';
}

/** Whether the database is the one that `npm start` creates. */
function usesStartDatabase(env: NodeJS.ProcessEnv): boolean {
  return !env.CRM_DATABASE_URL && env.NODE_ENV !== 'production';
}

/** Undefined when a setting is invalid; an unknown variable is only reported. The database and the secret that `npm start` creates need no setting. */
function configured(
  env: NodeJS.ProcessEnv,
  note: (check: string, finding: Finding) => void,
): ReturnType<typeof loadSettings> | undefined {
  const isOwn = usesStartDatabase(env);
  const created: readonly object[] = isOwn ? [DatabaseSettings, ...(isAuthConfigured(env) ? [] : [AuthSettings])] : [];
  const concerns = ALL_SETTINGS.filter((concern) => !created.includes(concern));
  try {
    const settings = loadSettings(env, concerns);
    const unknown = unknownSettings(env).map(({ message }) => message);
    const good = isOwn ? 'as for npm start, with a database of its own' : 'every setting can be read';
    note(
      'configuration',
      unknown.length === 0
        ? ok(good)
        : failed(unknown.join(' ').replace(/\.$/, ''), 'Correct the name or unset the variable.'),
    );
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    note('configuration', failed(error.faults.join('; '), 'Correct the environment: .env.example explains each one.'));
    return undefined;
  }
}

async function findingOf({ run, remedy }: Check): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return failed(message || code || String(error), remedy);
  }
}

function lineOf(check: string, { state, fact, remedy }: Finding): string {
  const sentence = fact.endsWith('?') ? fact : `${fact}.`;
  return `${state.padEnd(7)}  ${check} — ${sentence}${remedy === undefined ? '' : ` ${remedy}`}`;
}

/** One connection, opened when it is first needed. If it can't be opened, every query fails with the same error. */
class LazyClient {
  private client: Promise<pg.Client> | undefined;

  constructor(private readonly url: string) {}

  connected(): Promise<pg.Client> {
    return (this.client ??= this.connect());
  }

  async rows<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await (await this.connected()).query<R>({ ...statement, values: [...values] })).rows;
  }

  async end(): Promise<void> {
    await this.client?.then(
      (client) => client.end(),
      () => undefined,
    );
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
