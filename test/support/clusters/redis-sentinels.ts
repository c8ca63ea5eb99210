import { Redis } from 'ioredis';
import { type Server, startRedis, startSentinel } from '#platform/services';
import { until } from '#platform/testing';

const SENTINELS = 3;
const QUORUM = 2;
const MASTER = 'mymaster';

/** A Redis with a replica, and three Sentinels that promote the replica when the master is away. */
export class RedisSentinels {
  private constructor(
    private readonly servers: readonly Server[],
    private readonly sentinels: readonly Server[],
  ) {}

  static async start(): Promise<RedisSentinels> {
    const master = await startRedis();
    await ask(master, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
    const replica = await startRedis({ replicaOf: master });
    await until(() => ask(replica, async (redis) => (await redis.info('replication')).includes('link_status:up')));
    const starting = Array.from({ length: SENTINELS }, () => startSentinel(MASTER, master, QUORUM));
    const sentinels = await Promise.all(starting);
    const cluster = new RedisSentinels([master, replica], sentinels);
    for (const sentinel of sentinels) await until(() => knowsAll(sentinel));
    return cluster;
  }

  /** For `REDIS_SENTINELS`. */
  get addresses(): string {
    return this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** The server that a Sentinel names. */
  async master(): Promise<Server> {
    const [, port] = await ask(
      this.sentinels[0]!,
      (redis) => redis.call('SENTINEL', 'get-master-addr-by-name', MASTER) as Promise<string[]>,
    );
    return this.servers.find((server) => server.port === Number(port))!;
  }

  async discard(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.discard()));
  }
}

/** Whether a Sentinel has found the replica and the other Sentinels: before that it promotes nothing. */
async function knowsAll(sentinel: Server): Promise<boolean> {
  const answer = await ask(sentinel, (redis) => redis.call('SENTINEL', 'MASTER', MASTER) as Promise<string[]>);
  const value = (name: string): number => Number(answer[answer.indexOf(name) + 1]);
  return value('num-slaves') === 1 && value('num-other-sentinels') === SENTINELS - 1;
}

async function ask<T>(server: Server, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ host: '127.0.0.1', port: server.port });
  redis.on('error', () => undefined);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
