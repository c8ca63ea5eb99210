import type { DatabaseSettings, RedisEndpoint, RedisSettings } from '#platform/config';
import {
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Processor,
  Queue,
  type QueueOptions,
  RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from 'bullmq';

/** Connection options of Redis, in ioredis's names. */
type RedisConnection = RedisEndpoint & {
  /** For messages. */
  readonly address: string;
  readonly retryStrategy: (times: number) => number;
  readonly disconnectTimeout: number;
};

/** Connection options of Bull's tables in PostgreSQL, in the names of node-postgres and Bull. */
interface PostgresEndpoint {
  readonly connectionString: string;
  readonly schema: string;
  readonly migrate: boolean;
  readonly max: number;
  readonly idleTimeoutMillis: number;
  readonly application_name: string;
}

/** Backend that stores Bull's queues. */
export type JobConnection = RedisConnection | PostgresEndpoint;

const BULL_SCHEMA = 'bull';
/** Bull's statements are short, and a worker listens on a connection of its own. */
const BULL_POOL_SIZE = 2;
/** Longer than the time between the checks of an idle queue: a connection for each check costs more than the check. */
const BULL_IDLE_MS = 60_000;
/**
 * PostgreSQL notifies a waiting worker of each new job, delayed ones included, so an idle worker need not poll. A lost
 * notification delays jobs by this time at most.
 */
const POSTGRES_DRAIN_DELAY_S = 30;
/** A socket that does not say goodbye in this time is destroyed. */
const DISCONNECT_TIMEOUT_MS = 500;
const MAX_RECONNECT_DELAY_MS = 2_000;
/** Time limit of a Redis command; the reconciler repeats its effect from PostgreSQL. */
const COMMAND_TIMEOUT_MS = 3_000;

/** Redis where it is configured, else a schema of Bull's own beside ours in PostgreSQL. */
export function jobConnection(redis: RedisSettings, database: DatabaseSettings): JobConnection {
  const { endpoint, address } = redis;
  if (endpoint === undefined) return postgresEndpoint(database.url!);
  return {
    ...endpoint,
    address,
    retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  };
}

/** The server of `connection`, for a message; without secrets. */
export function describeConnection(connection: JobConnection): string {
  if (isRedis(connection)) return `Redis at ${connection.address}`;
  return `PostgreSQL at ${new URL(connection.connectionString).host} (schema ${BULL_SCHEMA})`;
}

function postgresEndpoint(url: string): PostgresEndpoint {
  const parsed = new URL(url);
  // Bull names its tables without a schema: what these parameters say would win over the path it sets itself.
  parsed.searchParams.delete('options');
  parsed.searchParams.delete('search_path');
  return {
    connectionString: parsed.toString(),
    schema: BULL_SCHEMA,
    migrate: true,
    max: BULL_POOL_SIZE,
    idleTimeoutMillis: BULL_IDLE_MS,
    application_name: 'crm-bull',
  };
}

function isRedis(connection: JobConnection): connection is RedisConnection {
  return 'retryStrategy' in connection;
}

function jobBackend(
  name: string,
  { connection, ...opts }: QueueOptions<JobConnection>,
  factoryOptions?: { blocking?: boolean; withBlockingConnection?: boolean },
): IQueueBackend {
  return isRedis(connection)
    ? createRedisBackend(name, { ...opts, connection }, factoryOptions)
    : createPostgresBackend(name, { ...opts, connection: { ...connection } }, factoryOptions);
}

/** A Bull queue in Redis or PostgreSQL whose commands fail at once while Redis is away, instead of piling up. */
export class JobQueue extends Queue<object, void, string, object, void, string, IQueueBackend, JobConnection> {
  /** Last error of the connection. */
  lastError: Error | undefined;

  constructor(name: string, opts: QueueOptions<JobConnection>) {
    const { connection } = opts;
    const impatient = { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS };
    super(name, isRedis(connection) ? { ...opts, connection: { ...connection, ...impatient } } : opts, jobBackend);
    this.on('error', (error) => (this.lastError = error));
  }

  /** Closes also during an outage of Redis, where Bull's own close leaves a client that reconnects for ever. */
  override async close(): Promise<void> {
    await super.close().catch(() => undefined);
    if (this.backend instanceof RedisQueueBackend) {
      // Not awaited: before the first connection there is none to come.
      this.backend.client.then(
        (client) => client.disconnect(),
        () => undefined,
      );
    }
  }
}

/** A worker's connections to Redis: one for commands, one to wait for jobs on. */
const SOCKETS = 2;

/** A Bull worker on Redis or PostgreSQL that can always be closed. */
export class JobWorker extends Worker<object, void, string, IQueueBackend, object, JobConnection> {
  private readonly sockets: { readonly status: string; disconnect(): unknown }[] = [];
  private cutOff: () => void = () => undefined;
  private readonly cut = new Promise<void>((resolve) => (this.cutOff = resolve));

  constructor(name: string, processor: Processor<object, void, string>, opts: WorkerOptions<JobConnection>) {
    const { connection } = opts;
    // A worker waits for Redis to come back, so it does not use the queue's fail-fast options.
    const patient = { maxRetriesPerRequest: null, enableOfflineQueue: true, commandTimeout: undefined };
    super(
      name,
      processor,
      isRedis(connection)
        ? { ...opts, connection: { ...connection, ...patient } }
        : { ...opts, drainDelay: POSTGRES_DRAIN_DELAY_S },
      jobBackend,
    );
    // Bull prints errors that have no listener.
    this.on('error', () => undefined);
    if (this.backend instanceof RedisQueueBackend) {
      for (const client of [this.backend.client, this.backend.blockingClient]) {
        client?.then(
          (socket) => this.sockets.push(socket),
          () => undefined,
        );
      }
    }
  }

  /** False while Redis is away: a close that is not forced would then wait for ever. */
  get isConnected(): boolean {
    if (!(this.backend instanceof RedisQueueBackend)) return true;
    return this.sockets.length === SOCKETS && this.sockets.every(({ status }) => status === 'ready');
  }

  override async close(force = false): Promise<void> {
    await Promise.race([super.close(force), this.cut]);
  }

  /** Limits the time of a close. */
  abandon(): void {
    void this.lockManager.close().catch(() => undefined);
    for (const socket of this.sockets) socket.disconnect();
    this.cutOff();
  }
}
