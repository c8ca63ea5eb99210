import { runMigrations } from '#platform/persistence';
import { type Server, startPostgres, startRabbitmq, startRedis } from '#platform/services';
import { createTestDatabase, TestDatabase, testEnvironment } from '#platform/testing';
import { MIGRATIONS } from '../../migrations/index.js';
import { CrmUser } from './crm-user.js';
import { EventConsumer } from './event-consumer.js';
import { killPrograms, Program } from './processes.js';

export interface InstallationOptions {
  /** RabbitMQ of its own; events stay in the worker without it. */
  readonly rabbitmq?: true;
  /** Redis of its own; queues live in PostgreSQL without it. */
  readonly redis?: true;
  /** PostgreSQL of its own that survives a crash, instead of a database on the test run's server. */
  readonly postgres?: true;
  /** The test itself makes up events, so that none is held against its schema. */
  readonly isScripted?: true;
}

/** Everything that one test file runs: servers that it may kill, a database, and the programs on them. */
export class Installation {
  private readonly visitors: { close(): Promise<void> }[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly rabbitmq: Server | undefined,
    readonly redis: Server | undefined,
    readonly postgres: Server | undefined,
  ) {}

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const [rabbitmq, redis, postgres] = await Promise.all([
      options.rabbitmq && startRabbitmq(),
      options.redis && startRedis(),
      options.postgres && startPostgres({ durable: true }),
    ]);
    const { isScripted = false } = options;
    if (!postgres) {
      return new Installation(await createTestDatabase(MIGRATIONS, { isScripted }), rabbitmq, redis, postgres);
    }
    await runMigrations(postgres.url, MIGRATIONS);
    return new Installation(new TestDatabase(postgres.url, isScripted), rabbitmq, redis, postgres);
  }

  /** @throws Error when it has none of its own. */
  get broker(): Server {
    return given(this.rabbitmq, 'rabbitmq');
  }

  /** @throws Error when it has none of its own. */
  get queues(): Server {
    return given(this.redis, 'redis');
  }

  /** @throws Error when it has none of its own. */
  get databaseServer(): Server {
    return given(this.postgres, 'postgres');
  }

  /** The environment of a program here. */
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

  /** Somebody with these roles at work on an API process. */
  user(api: Program, roles?: readonly string[]): CrmUser {
    const user = new CrmUser(api, roles);
    this.visitors.push(user);
    return user;
  }

  /** Another service, bound to these keys: what is published from now on comes to it. */
  async consumer(queue: string, keys?: readonly string[]): Promise<EventConsumer> {
    const consumer = await EventConsumer.open(this.broker.url, queue, keys);
    this.visitors.push(consumer);
    return consumer;
  }

  /** Kills the programs, then the servers. */
  async discard(): Promise<void> {
    await Promise.all(this.visitors.map((visitor) => visitor.close()));
    await killPrograms();
    try {
      if (this.postgres) await this.database.check();
      else await this.database.drop();
    } finally {
      await Promise.all([this.postgres?.discard(), this.rabbitmq?.discard(), this.redis?.discard()]);
    }
  }
}

function given(server: Server | undefined, name: keyof InstallationOptions): Server {
  if (!server) throw new Error(`this installation has no server of its own: start it with { ${name}: true }`);
  return server;
}
