import { freePort } from '#platform/services';
import {
  createTestDatabase,
  type TestDatabase,
  testEnvironment,
  testServer,
  type TestServers,
  until,
} from '#platform/testing';
import { MIGRATIONS } from '../../migrations/index.js';
import { type Exit, killPrograms, Program } from '../support/programs/processes.js';
import { StalledProxy } from '../support/programs/stalled-proxy.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const KINDS = [
  { kind: 'API', make: (env: NodeJS.ProcessEnv) => Program.api(env) },
  { kind: 'worker', make: (env: NodeJS.ProcessEnv) => Program.worker(env) },
];

describe.each(KINDS)('the $kind does not start', ({ make }) => {
  let database: TestDatabase;
  let nowhere: number;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    nowhere = await freePort();
  });

  afterAll(async () => {
    await killPrograms();
    await database.drop();
  });

  /** Starts the program and waits for its exit. */
  async function failure(env: NodeJS.ProcessEnv): Promise<Exit & { readonly said: readonly string[] }> {
    const program = await make({ ...env, CRM_LOG_LEVEL: 'error' });
    program.launch();
    // A program that starts nevertheless is stopped, so that the test does not wait for its exit.
    void program
      .ready()
      .catch(() => undefined)
      .then(() => program.kill());
    const exit = await program.exit;
    return { ...exit, said: program.lines.map(({ msg }) => msg) };
  }

  it(
    'with invalid settings, and prints their names but no value',
    withFailureOutput(async () => {
      const { code, said } = await failure({
        ...testEnvironment({ databaseUrl: 'mysql://root:hunter2@localhost/crm' }),
        CRM_TIMEZONE: 'Mars/Olympus',
        CRM_JWT_ACCESS_SECRET: 'too short',
        CRM_RABBITMQ_URL: 'http://guest:hunter2@localhost',
        REDIS_PORT: '99999',
        CRM_RABBITMQ_URI: 'amqp://guest:hunter2@localhost',
      });
      expect(code).toBe(78);
      const text = said.join('\n');
      const names = ['CRM_DATABASE_URL', 'CRM_TIMEZONE', 'CRM_JWT_ACCESS_SECRET', 'CRM_RABBITMQ_URL', 'REDIS_PORT'];
      expect(names.filter((name) => !text.includes(name))).toEqual([]);
      expect(text).toContain('CRM_RABBITMQ_URI is not a setting and has no effect: did you mean CRM_RABBITMQ_URL?');
      expect(text).not.toMatch(/hunter2|too short|99999/);
    }),
  );

  it(
    'in production without the real servers',
    withFailureOutput(async () => {
      const { code, said } = await failure({
        ...testEnvironment({ databaseUrl: database.url }),
        NODE_ENV: 'production',
      });
      expect(code).toBe(78);
      const names = ['CRM_RABBITMQ_URL', 'REDIS_HOST', 'CRM_JWT_ISSUER', 'CRM_JWT_AUDIENCE'];
      expect(names.filter((name) => !said.join('\n').includes(name))).toEqual([]);
    }),
  );

  it(
    'without its database, after the time that it waits',
    withFailureOutput(async () => {
      const databaseUrl = `postgresql://crm:hunter2@127.0.0.1:${nowhere}/crm`;
      const { code, said } = await failure(testEnvironment({ databaseUrl }, { CRM_START_TIMEOUT_MS: '1000' }));
      expect(code).toBe(69);
      const reason = `cannot start: PostgreSQL at 127.0.0.1:${nowhere} accepted no connection within \\d+ s: .*ECONNREFUSED`;
      expect(said).toEqual([expect.stringMatching(new RegExp(reason))]);
      expect(said[0]).not.toContain('hunter2');
    }),
  );

  it(
    'on a PostgreSQL that never answers, after the time that it waits',
    withFailureOutput(async () => {
      const proxy = await StalledProxy.start(database.url);
      const env = testEnvironment({ databaseUrl: proxy.url }, { CRM_START_TIMEOUT_MS: '2000' });
      const { code, said } = await failure(env);
      await proxy.stop();
      expect(code).toBe(69);
      const reason = `cannot start: PostgreSQL at ${new URL(proxy.url).host} accepted no connection within `;
      expect(said).toEqual([expect.stringContaining(reason)]);
    }),
  );

  it(
    'with a wrong login, an unknown database or an unknown host, without waiting',
    withFailureOutput(async () => {
      const login = new URL(database.url);
      login.password = 'hunter2';
      const missing = new URL(database.url);
      missing.pathname = '/nowhere';
      const host = new URL(database.url);
      host.hostname = 'nowhere.invalid';
      for (const [url, reason] of [
        [login, /cannot start: password authentication failed/],
        [missing, /cannot start: database "nowhere" does not exist/],
        [host, /cannot start: .*nowhere\.invalid/],
      ] as const) {
        // The test would end before a process that waits.
        const env = testEnvironment({ databaseUrl: url.href }, { CRM_START_TIMEOUT_MS: '3600000' });
        const { code, said } = await failure(env);
        expect(code).toBe(69);
        expect(said).toEqual([expect.stringMatching(reason)]);
        expect(said[0]).not.toContain('hunter2');
      }
    }),
  );

  it(
    'on a database without migrations or with an older schema',
    withFailureOutput(async () => {
      for (const migrations of [[], MIGRATIONS.slice(0, -1)]) {
        const older = await createTestDatabase(migrations);
        const { code, said } = await failure(testEnvironment({ databaseUrl: older.url }));
        await older.drop();
        expect(code).toBe(69);
        expect(said).toEqual([expect.stringMatching(/cannot start: .*schema is older/)]);
      }
    }),
  );

  it(
    'on a database with a newer schema',
    withFailureOutput(async () => {
      const newer = await createTestDatabase(MIGRATIONS);
      await newer.rows(`INSERT INTO crm.migrations (timestamp, name) VALUES (4102444800000, 'FromTheFuture')`);
      const { code, said } = await failure(testEnvironment({ databaseUrl: newer.url }));
      await newer.drop();
      expect(code).toBe(69);
      expect(said).toEqual([expect.stringMatching(/cannot start: .*schema is newer/)]);
    }),
  );
});

/** A process that waits as long as the test. */
const patient = (servers: TestServers): NodeJS.ProcessEnv =>
  testEnvironment(servers, { CRM_START_TIMEOUT_MS: '3600000', CRM_LOG_LEVEL: 'warn' });

describe.each(KINDS)('the $kind starts', ({ make }) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
  });

  afterAll(async () => {
    await killPrograms();
    await database.drop();
  });

  it('when PostgreSQL answers late, and logs its address meanwhile', async () => {
    const proxy = await StalledProxy.start(database.url);
    const program = await make(patient({ databaseUrl: proxy.url }));
    program.launch();
    const waiting = `waiting for PostgreSQL at ${new URL(proxy.url).host}`;
    await until(() => program.lines.filter(({ msg }) => msg === waiting).length > 1);
    proxy.open();
    await program.ready();
    expect(JSON.stringify(program.lines)).not.toContain(new URL(proxy.url).password);
    await program.kill();
    await proxy.stop();
  });

  it('with an unknown variable, and logs its name', async () => {
    const env = { ...testEnvironment({ databaseUrl: database.url }), CRM_LOG_LEVEL: 'warn', CRM_EXPORT: '9' };
    const program = await make(env);
    await program.start();
    expect(program.lines.map(({ level, msg }) => ({ level, msg }))).toContainEqual({
      level: 'warn',
      msg: 'CRM_EXPORT is not a setting and has no effect: did you mean CRM_EXPORTS?',
    });
  });
});

describe('the worker does not start', () => {
  let database: TestDatabase;
  let nowhere: number;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    nowhere = await freePort();
  });

  afterAll(async () => {
    await killPrograms();
    await database.drop();
  });

  async function refusal(more: Readonly<Record<string, string>>): Promise<string> {
    const env = { ...testEnvironment({ databaseUrl: database.url }, more), CRM_LOG_LEVEL: 'fatal' };
    const worker = await Program.worker(env);
    worker.launch();
    expect((await worker.exit).code).toBe(69);
    const said = worker.lines.map(({ msg }) => msg);
    expect(said).toEqual([expect.stringMatching(/cannot start: /)]);
    expect(said[0]).not.toContain('hunter2');
    return said[0]!;
  }

  it('without the configured Redis, and logs its address', async () => {
    expect(await refusal({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(nowhere) })).toMatch(/cannot start: .*Redis/);
  });

  it('when RabbitMQ refuses its login or its virtual host', async () => {
    const { host, username, password } = new URL(testServer('CRM_TEST_RABBITMQ_URL'));
    const login = await refusal({ CRM_RABBITMQ_URL: `amqp://${username}:hunter2@${host}` });
    expect(login).toMatch(/cannot start: RabbitMQ refuses CRM_RABBITMQ_URL: .*ACCESS-REFUSED/);
    const virtualHost = await refusal({ CRM_RABBITMQ_URL: `amqp://${username}:${password}@${host}/nowhere` });
    expect(virtualHost).toMatch(/cannot start: RabbitMQ refuses CRM_RABBITMQ_URL: /);
  });
});

describe('the worker starts', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
  });

  afterAll(async () => {
    await killPrograms();
    await database.drop();
  });

  it('when RabbitMQ answers late, and logs its address meanwhile', async () => {
    const proxy = await StalledProxy.start(testServer('CRM_TEST_RABBITMQ_URL'));
    const worker = await Program.worker(patient({ databaseUrl: database.url, rabbitmqUrl: proxy.url }));
    worker.launch();
    const waiting = `waiting for RabbitMQ at ${new URL(proxy.url).host}`;
    await until(() => worker.lines.filter(({ msg }) => msg === waiting).length > 1);
    expect(await worker.readiness()).toBe(503);
    proxy.open();
    await worker.ready();
    expect(JSON.stringify(worker.lines)).not.toContain(new URL(proxy.url).password);
    await worker.kill();
    await proxy.stop();
  });
});
