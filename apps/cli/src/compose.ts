import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keptSecret } from '#platform/services';
import { CommandError } from './command.js';

const FILE = fileURLToPath(new URL('../../../../docker/compose.yaml', import.meta.url));
const SERVERS = ['postgres', 'rabbitmq', 'redis'];

/** The three servers, however they were started. */
export interface RunningServices {
  /** The environment variables that lead to them. */
  readonly settings: Readonly<Record<string, string>>;
  stop(): Promise<void>;
  /** Resolves when one of them has ended by itself. */
  ended(): Promise<void>;
}

/** True when a Docker engine with compose can be used. */
export function dockerAnswers(): boolean {
  return [['info'], ['compose', 'version']].every(
    (args) => spawnSync('docker', args, { stdio: 'ignore' }).status === 0,
  );
}

/**
 * The servers of docker/compose.yaml, on their usual ports of this machine; one password for all is kept in `folder`.
 * For development the role that owns the tables serves too.
 * @throws CommandError
 */
export async function composeServices(folder: string): Promise<RunningServices> {
  mkdirSync(folder, { recursive: true });
  const password = keptSecret(join(folder, 'compose-password'));
  await compose(password, ['up', '--detach', '--wait', ...SERVERS]);
  return {
    settings: {
      CRM_DATABASE_URL: `postgresql://crm_migrator:${password}@127.0.0.1:5432/crm`,
      CRM_RABBITMQ_URL: `amqp://crm:${password}@127.0.0.1:5672`,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: '6379',
      REDIS_PASSWORD: password,
    },
    stop: async () => compose(password, ['stop', ...SERVERS]),
    ended: async () => compose(password, ['wait', ...SERVERS]),
  };
}

async function compose(password: string, args: readonly string[]): Promise<void> {
  // The file asks for the settings of the API and the worker too, which are not started here.
  const unused = { CRM_JWT_ISSUER: '-', CRM_JWT_AUDIENCE: '-' };
  const passwords = {
    POSTGRES_PASSWORD: password,
    POSTGRES_MIGRATOR_PASSWORD: password,
    POSTGRES_RUNTIME_PASSWORD: password,
    RABBITMQ_PASSWORD: password,
    REDIS_PASSWORD: password,
  };
  const child = spawn('docker', ['compose', '-f', FILE, ...args], {
    detached: true, // Ctrl-C is for this process to hear
    env: { ...process.env, ...unused, ...passwords },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new CommandError(`docker compose ${args[0]} failed: see above.`);
}
