import { join } from 'node:path';
import { ServiceError, startServices } from '#platform/services';
import { CommandError, DATA_DIRECTORY, print, type Printed } from '../command.js';
import { composeServices, dockerAnswers, type RunningServices } from './compose.js';
import { holdRunLock } from './run-lock.js';
import { untilStopped } from './until-stopped.js';

/** `services`: runs PostgreSQL, RabbitMQ and Redis until Ctrl-C, and prints the settings with their addresses. */
export async function services({ json }: Printed): Promise<number> {
  await untilStopped(async (undoBy) => {
    undoBy(holdRunLock('services'));
    const running = await startOrCompose(join(DATA_DIRECTORY, 'services'));
    undoBy(async () => running.stop());
    if (json) print(JSON.stringify(running.settings));
    else for (const [name, value] of Object.entries(running.settings)) print(`export ${name}=${value}`);
    if (!json) print('# Ctrl-C stops them; their data stay.');
    await running.ended();
    throw new CommandError('A server ended unexpectedly: all are stopped.');
  });
  return 0;
}

/** Uses Docker only where a server's program is missing. */
async function startOrCompose(folder: string): Promise<RunningServices> {
  try {
    return await startOwn(folder);
  } catch (error) {
    const missing = error instanceof ServiceError && error.code === 'missing';
    if (!missing || !dockerAnswers()) throw error;
    process.stderr.write(`${error.message}\nUsing docker compose instead.\n`);
    return composeServices(folder);
  }
}

async function startOwn(folder: string): Promise<RunningServices> {
  const servers = await startServices({
    postgres: true,
    rabbitmq: true,
    redis: true,
    dataDirectory: folder,
    durable: true,
  });
  return {
    settings: {
      CRM_DATABASE_URL: servers.postgres.url,
      CRM_RABBITMQ_URL: servers.rabbitmq.url,
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(servers.redis.port),
    },
    stop: async () => servers.stop(),
    ended: async () => Promise.race([servers.postgres.ended(), servers.rabbitmq.ended(), servers.redis.ended()]),
  };
}
