import { Redis } from 'ioredis';
import type { BrokerSettings, RedisEndpoint, RedisSettings } from '#platform/config';
import { type BrokerFindings, deadQueueOf, depthOf, examineBroker, UNROUTED, withBroker } from '#platform/messaging';
import { type Check, failed, type Finding, ok, skipped } from './check.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** The required eviction policy: any other makes Redis delete jobs when it is full. */
const POLICY = 'noeviction';

/** Checks that Redis answers and that its eviction policy is `noeviction`. */
export function redisCheck(settings: RedisSettings): Check {
  return {
    name: 'Redis',
    run: () =>
      settings.endpoint === undefined ? notConfigured('queues live in PostgreSQL') : eviction(settings.endpoint),
    remedy: 'Start it, or correct REDIS_HOST, REDIS_PORT and REDIS_PASSWORD, or REDIS_SENTINELS.',
  };
}

/**
 * Checks of RabbitMQ.
 * @param queues returns the names of our subscribers' queues; rejects when the database can't be read.
 */
export function brokerChecks(settings: BrokerSettings, queues: () => Promise<readonly string[]>): readonly Check[] {
  const { url, exchange } = settings;
  let found: Promise<BrokerFindings> | undefined;
  const findings = (): Promise<BrokerFindings> => (found ??= examineBroker(url!, exchange));
  const remedy = 'Start it, or correct CRM_RABBITMQ_URL.';
  return [
    {
      name: 'RabbitMQ',
      run: async () => (url ? topology(await findings(), exchange) : notConfigured('events stay in the worker')),
      remedy,
    },
    {
      name: 'unrouted',
      run: async () => (url ? unrouted(await findings()) : notConfigured('events stay in the worker')),
      remedy,
    },
    {
      name: 'dead letters',
      run: async () => (url ? deadLetters(url, await queues()) : notConfigured('events stay in the worker')),
      remedy,
    },
  ];
}

function notConfigured(consequence: string): Promise<Finding> {
  return Promise.resolve(skipped(`not configured: ${consequence}`));
}

async function eviction(endpoint: RedisEndpoint): Promise<Finding> {
  const redis = new Redis({
    ...endpoint,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  });
  let reason: Error | undefined;
  redis.on('error', (error) => (reason = error));
  try {
    await redis.connect();
    const [, policy = 'unknown'] = /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory')) ?? [];
    const fact = `maxmemory-policy ${policy}`;
    if (policy === POLICY) return ok(fact);
    return failed(
      fact,
      `Jobs may be thrown away: set maxmemory-policy ${POLICY} in redis.conf (CONFIG SET until then).`,
    );
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

function topology({ faults, difference }: BrokerFindings, exchange: string): Finding {
  if (faults.length > 0) {
    const remedy = faults.some((fact) => fact.includes('not as declared'))
      ? 'Delete the one that differs (its bindings go with it), then restart the worker, which declares it.'
      : 'Restart the worker: it declares what is missing.';
    return failed(faults.join('; '), remedy);
  }
  if (difference === undefined) return ok('the exchanges and the queue of unroutable events exist');
  return failed(
    `a service that declares the exchange ${exchange} plainly is refused with 406: ${difference}`,
    'The worker itself works with it. Once, while all workers are stopped, run npx crm events recreate-exchange, ' +
      'which restores the bindings.',
  );
}

function unrouted({ unrouted: depth }: BrokerFindings): Finding {
  if (depth === undefined) return skipped(`there is no queue ${UNROUTED}`);
  if (depth === 0) return ok(`${UNROUTED} is empty`);
  return failed(
    `${depth} event(s) in ${UNROUTED} that no queue was bound for`,
    'Bind the queue that should get them, then run npx crm events redeliver crm.unrouted; purge it if none should.',
  );
}

async function deadLetters(url: string, queues: readonly string[]): Promise<Finding> {
  const depths = await withBroker(url, async (connection) => {
    const found: { readonly queue: string; readonly depth: number }[] = [];
    for (const queue of queues) found.push({ queue, depth: (await depthOf(connection, deadQueueOf(queue))) ?? 0 });
    return found.filter(({ depth }) => depth > 0);
  });
  if (depths.length === 0) return ok('none');
  return failed(
    depths.map(({ queue, depth }) => `${depth} in ${deadQueueOf(queue)}`).join(', '),
    `The worker’s log names each event and its error: correct the cause, then run npx crm events redeliver ${depths[0]!.queue}.`,
  );
}
