import pg from 'pg';
import {
  ALL_SETTINGS,
  AuthSettings,
  BrokerSettings,
  DatabaseSettings,
  loadSettings,
  RedisSettings,
  SettingsError,
  unknownSettings,
} from '#platform/config';
import { CommandError, print, type Printed } from '../command.js';
import { withDatabase } from '../database.js';
import { type Check, failed, type Finding, ok } from './check.js';
import { databaseChecks } from './database-checks.js';
import { brokerChecks, redisCheck } from './server-checks.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** What `npm start` makes itself. */
const OWN: readonly object[] = [DatabaseSettings, AuthSettings];

interface DoctorOptions extends Printed {
  /** Seconds. */
  readonly lag: string;
}

/**
 * `doctor`: looks at everything an installation stands on, a line each.
 * @returns 1 when anything is not as it should be.
 */
export async function doctor(options: DoctorOptions, env: NodeJS.ProcessEnv): Promise<number> {
  if (!/^\d{1,9}$/.test(options.lag)) throw new CommandError('--lag takes a number of seconds.');
  const found: (Finding & { readonly check: string })[] = [];
  const note = (check: string, finding: Finding): void => {
    found.push({ check, ...finding });
    if (!options.json) print(lineOf(check, finding));
  };
  const settings = configured(env, note);
  // With settings that can't be read nothing else can be looked at.
  if (settings) {
    await withDatabase(env, async (url) => {
      const database = new LazyClient(url);
      const broker = settings.get(BrokerSettings) as BrokerSettings;
      const checks = [
        ...databaseChecks(() => database.connected(), broker.url !== undefined, Number(options.lag)),
        redisCheck(settings.get(RedisSettings) as RedisSettings),
        ...brokerChecks(broker, () => subscriberQueues(database)),
      ];
      for (const check of checks) note(check.name, await findingOf(check));
      await database.end();
    });
  }
  if (options.json) print(JSON.stringify(found));
  return found.some(({ state }) => state === 'FAILED') ? 1 : 0;
}

async function subscriberQueues(database: LazyClient): Promise<readonly string[]> {
  const client = await database.connected();
  const { rows } = await client.query<{ queue: string }>('SELECT queue FROM crm.subscriber_queues ORDER BY queue');
  return rows.map(({ queue }) => queue);
}

/** Undefined when there is a fault; what `npm start` brings itself needs no setting. */
function configured(
  env: NodeJS.ProcessEnv,
  note: (check: string, finding: Finding) => void,
): ReturnType<typeof loadSettings> | undefined {
  const isOwn = !env.CRM_DATABASE_URL && env.NODE_ENV !== 'production';
  const concerns = ALL_SETTINGS.filter((concern) => !isOwn || !OWN.includes(concern));
  try {
    const settings = loadSettings(env, concerns);
    // The line goes on after it with the remedy.
    const unknown = unknownSettings(env).map(({ message }) => message.replace(/[.?]$/, ''));
    const good = isOwn ? 'as for npm start, with a database of its own' : 'every setting can be read';
    note(
      'configuration',
      unknown.length === 0 ? ok(good) : failed(unknown.join('; '), 'Correct the name or unset the variable.'),
    );
    return settings;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    note('configuration', failed(error.faults.join('; '), 'Correct the environment: .env.example explains each one.'));
    return undefined;
  }
}

async function findingOf({ look, otherwise }: Check): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return failed(message || code || String(error), otherwise);
  }
}

function lineOf(check: string, { state, fact, remedy }: Finding): string {
  return `${state.padEnd(7)}  ${check} — ${fact}.${remedy === undefined ? '' : ` ${remedy}`}`;
}

/** One connection, made when it is first needed; after it failed once, each question is told so. */
class LazyClient {
  private client: Promise<pg.Client> | undefined;

  constructor(private readonly url: string) {}

  connected(): Promise<pg.Client> {
    return (this.client ??= this.connect());
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
