import { runMigrations } from '#platform/persistence';
import { type RabbitmqServer, type Server, startPostgres, startRabbitmq, startRedis } from '#platform/services';
import { createTestDatabase, TestDatabase, testEnvironment } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';
import { CrmUser } from '../crm-user.js';
import { EventConsumer } from '../events/event-consumer.js';
import { killPrograms, Program } from './processes.js';

export interface InstallationOptions {
  /** Own RabbitMQ; without it, events stay in the worker. */
  readonly rabbitmq?: true;
  /** Own Redis; without it, queues are in PostgreSQL. */
  readonly redis?: true;
  /** Own PostgreSQL with durable writes, instead of a database on the server of the test run. */
  readonly postgres?: true;
  /** URL of an own PostgreSQL that the test starts and discards itself. */
  readonly databaseUrl?: string;
  /** The test writes invented events, so they are not validated against schemas. */
  readonly isScripted?: true;
}

/** Servers that a test may kill, a database, and the programs on them. */
export class Installation {
  private readonly visitors: { close(): Promise<void> }[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly rabbitmq: RabbitmqServer | undefined,
    readonly redis: Server | undefined,
    readonly postgres: Server | undefined,
    private readonly hasOwnDatabase: boolean,
  ) {}

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const [rabbitmq, redis, postgres] = await Promise.all([
      options.rabbitmq && startRabbitmq(),
      options.redis && startRedis(),
      options.postgres && startPostgres({ durable: true }),
    ]);
    const { isScripted = false } = options;
    const url = postgres?.url ?? options.databaseUrl;
    const database = url ? new TestDatabase(url, isScripted) : await createTestDatabase(MIGRATIONS, { isScripted });
    if (url) await runMigrations(url, MIGRATIONS);
    return new Installation(database, rabbitmq, redis, postgres, url !== undefined);
  }

  /** @throws Error without an own server of this kind. */
  get broker(): RabbitmqServer {
    return given(this.rabbitmq, 'rabbitmq');
  }

  /** @throws Error without an own server of this kind. */
  get queues(): Server {
    return given(this.redis, 'redis');
  }

  /** @throws Error without an own server of this kind. */
  get databaseServer(): Server {
    return given(this.postgres, 'postgres');
  }

  /** Environment of a program of this installation. */
  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const servers = {
      databaseUrl: this.database.url,
      ...(this.rabbitmq && { rabbitmqUrl: this.rabbitmq.url }),
      ...(this.redis && { redis: { host: '127.0.0.1', port: this.redis.port } }),
    };
    return testEnvironment(servers, { CRM_LOG_LEVEL: 'info', ...more });
  }

  /** Starts an API process, ready for requests. */
  async api(more: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = await Program.api(this.environment(more));
    return program.start();
  }

  /** Starts a worker process, ready. */
  async worker(more: Readonly<Record<string, string>> = {}): Promise<Program> {
    const program = await Program.worker(this.environment(more));
    return program.start();
  }

  /** A user with these roles on an API process. */
  user(api: Program, roles?: readonly string[]): CrmUser {
    const user = new CrmUser(api, roles);
    this.visitors.push(user);
    return user;
  }

  /** Opens a consumer with a queue bound to these keys; it receives events from now on. */
  async consumer(queue: string, keys?: readonly string[], isCounting?: boolean): Promise<EventConsumer> {
    const consumer = await EventConsumer.open(this.broker.url, queue, keys, isCounting);
    this.visitors.push(consumer);
    return consumer;
  }

  /** Kills the programs, then the servers. */
  async discard(): Promise<void> {
    await Promise.all(this.visitors.map((visitor) => visitor.close()));
    await killPrograms();
    try {
      if (this.hasOwnDatabase) await this.database.check();
      else await this.database.drop();
    } finally {
      await Promise.all([this.postgres?.discard(), this.rabbitmq?.discard(), this.redis?.discard()]);
    }
  }
}

function given<T extends Server>(server: T | undefined, name: keyof InstallationOptions): T {
  if (!server) throw new Error(`this installation has no server of its own: start it with { ${name}: true }`);
  return server;
}
