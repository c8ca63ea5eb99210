import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { storedSecret } from '#platform/services';
import pg from 'pg';
import { CommandError } from '../command.js';

const FILE = fileURLToPath(new URL('../../../../../docker/compose.yaml', import.meta.url));
const SERVERS = ['postgres', 'rabbitmq', 'redis'];
/** PostgreSQL's code for a wrong password, and for a role that does not exist. */
const INVALID_PASSWORD = '28P01';

/** The three servers, run by this machine or by Docker. */
export interface RunningServices {
  /** The environment variables with their addresses. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
  /** Resolves when the first of them ends. */
  ended(): Promise<void>;
}

/** True when a Docker engine with compose can be used. */
export function dockerAnswers(): boolean {
  return [['info'], ['compose', 'version']].every(
    (args) => spawnSync('docker', args, { stdio: 'ignore' }).status === 0,
  );
}

/**
 * Starts the servers of docker/compose.yaml, on their usual ports of this machine, with one password, stored in `folder`.
 * The settings name the role that owns the tables, which development uses for everything.
 * @throws CommandError
 */
export async function composeServices(folder: string): Promise<RunningServices> {
  mkdirSync(folder, { recursive: true });
  const password = storedSecret(join(folder, 'compose-password'));
  await compose(password, ['up', '--detach', '--wait', ...SERVERS]);
  const databaseUrl = `postgresql://crm_migrator:${password}@127.0.0.1:5432/crm`;
  await requireRole(databaseUrl);
  return {
    settings: {
      CRM_DATABASE_URL: databaseUrl,
      CRM_RABBITMQ_URL: `amqp://crm:${password}@127.0.0.1:5672`,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: '6379',
      REDIS_PASSWORD: password,
    },
    stop: async () => compose(password, ['stop', ...SERVERS]),
    ended: async () => compose(password, ['wait', ...SERVERS]),
  };
}

/**
 * Checks the role of `url` with its password. The image creates roles in an empty volume only.
 * @throws CommandError when an older volume has no such role, or another password.
 */
export async function requireRole(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    if ((error as pg.DatabaseError).code !== INVALID_PASSWORD) throw error;
    throw new CommandError(
      `PostgreSQL refuses the role ${client.user}: the Docker volume crm_postgres was created with other roles or passwords. ` +
        'Without its data: docker compose -f docker/compose.yaml rm --stop --force postgres && docker volume rm crm_postgres. ' +
        'To keep its data, create the roles of docker/postgres/10-roles.sql there.',
    );
  } finally {
    await client.end();
  }
}

async function compose(password: string, args: readonly string[]): Promise<void> {
  // The compose file requires the settings of the API and the worker too, which are not started here.
  const unused = { CRM_JWT_ISSUER: '-', CRM_JWT_AUDIENCE: '-' };
  const passwords = {
    POSTGRES_PASSWORD: password,
    POSTGRES_MIGRATOR_PASSWORD: password,
    POSTGRES_RUNTIME_PASSWORD: password,
    RABBITMQ_PASSWORD: password,
    REDIS_PASSWORD: password,
  };
  const child = spawn('docker', ['compose', '-f', FILE, ...args], {
    detached: true, // only this process handles Ctrl-C
    env: { ...process.env, ...unused, ...passwords },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new CommandError(`docker compose ${args[0]} failed: see above.`);
}
