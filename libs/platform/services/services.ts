import { startPostgres } from './postgres/postgres.js';
import { startRabbitmq } from './rabbitmq.js';
import { startRedis } from './redis.js';
import type { Server, ServiceOptions } from './server.js';

const STARTERS = { postgres: startPostgres, redis: startRedis, rabbitmq: startRabbitmq };

export type ServiceName = keyof typeof STARTERS;

/** Which servers, and how: `{ postgres: true, redis: true, dataDirectory: '.data' }`. */
export type Wanted = { readonly [Name in ServiceName]?: true } & ServiceOptions;

/** The requested servers, and `stop` for all of them. */
export type Services<W extends Wanted> = { readonly [Name in keyof W & ServiceName]: Server } & {
  /** Stops all of them for good; files that were temporary are deleted. */
  stop(): Promise<void>;
};

/**
 * Starts real servers on private ports of 127.0.0.1, side by side, for development and tests. They don't outlive this
 * process, even if it is killed.
 *
 * @throws ServiceError of the first that failed, after the others were stopped.
 */
export async function startServices<W extends Wanted>(wanted: W): Promise<Services<W>> {
  const names = (Object.keys(STARTERS) as ServiceName[]).filter((name) => wanted[name]);
  const results = await Promise.allSettled(names.map((name) => STARTERS[name](wanted)));
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.discard()));
  };
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const servers = Object.fromEntries(names.map((name, index) => [name, started[index]]));
  return { ...servers, stop } as Services<W>;
}
