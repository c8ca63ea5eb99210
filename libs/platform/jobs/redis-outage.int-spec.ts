import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '#platform/testing';
import { JobCounts } from './job-counts.js';
import { JobRequests } from './requests/job-requests.js';
import { QUEUE, redisServer, JobsHarness } from './jobs-harness.fixture.js';

/** Stands before Redis and can be taken away. */
class Line {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  port = 0;

  async up(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(redisServer());
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    this.server = server;
    this.port ||= await freePort();
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
  }

  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

/** Below the ports that the system gives to clients, where a client that tries again could reach itself. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

describe('jobs while Redis is away', () => {
  const line = new Line();
  let harness: JobsHarness;

  beforeAll(async () => {
    await line.up();
    harness = await JobsHarness.create({ host: '127.0.0.1', port: line.port });
  });
  beforeEach(async () => {
    await line.down();
    await line.up();
  });
  afterEach(() => harness.reset());
  afterAll(async () => {
    await line.down();
    await harness.database.drop();
  });

  const write = (key: string) => ({ queue: QUEUE, name: 'write', key, payload: {} });

  test('jobs are enqueued during an outage, and run once Redis is back', async () => {
    const app = await harness.start();
    await app.get(JobRequests).request(write('before'));
    await harness.done(1);
    await line.down();
    await until(async () => !(QUEUE in (await app.get(JobCounts).collect())));
    expect(await app.get(JobRequests).request(write('meanwhile'))).toBe(true);
    expect((await harness.requests()).map(({ state }) => state)).toEqual(['done', 'pending']);
    await line.up();
    harness.clock.advanceDays(1 / 144);
    await harness.done(2);
    expect(await harness.effects()).toEqual(['before', 'meanwhile']);
  });

  test('an application stops though Redis is away', async () => {
    // What it waited for at most would outlast the test.
    const app = await harness.start('worker', { CRM_SHUTDOWN_TIMEOUT_MS: '120000' });
    await line.down();
    await until(async () => !(QUEUE in (await app.get(JobCounts).collect())));
    await expect(app.close()).resolves.toBeUndefined();
  });

  test('an application does not start, and names the server', async () => {
    await line.down();
    await expect(harness.start()).rejects.toThrow(`Redis at 127.0.0.1:${line.port} can't be reached for queues`);
  });
});
