import { until } from '#platform/testing';
import { JobCounts } from './job-counts.js';
import { JobRequests } from './requests/job-requests.js';
import { JobWorkers } from './processing/job-workers.js';
import { QUEUE, redisServer, JobsHarness } from './jobs-harness.fixture.js';

const write = (key: string) => ({ queue: QUEUE, name: 'write', key, payload: {} });

describe.each([
  { backend: 'Redis', redisAt: redisServer },
  { backend: 'PostgreSQL', redisAt: () => undefined },
])('batches of jobs with queues in $backend', ({ redisAt }) => {
  let harness: JobsHarness;

  beforeAll(async () => {
    harness = await JobsHarness.create(redisAt());
  });
  afterEach(() => harness.reset());
  afterAll(() => harness.database.drop());

  /** Enqueues jobs while one runs, and lets them run once the worker has all of them. */
  async function enqueueTogether(names: Record<string, string>): Promise<void> {
    const app = await harness.start();
    harness.gate.shut();
    await app.get(JobRequests).request(write('first'));
    await until(() => harness.gate.entered.length === 1);
    for (const [key, name] of Object.entries(names)) await app.get(JobRequests).request({ ...write(key), name });
    const active = 1 + Object.keys(names).length;
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.active === active);
    harness.gate.open();
  }

  test('jobs that wait at the same time share a transaction', async () => {
    await enqueueTogether({ a: 'write', b: 'write', c: 'write' });
    await harness.done(4);
    expect(await harness.effects()).toEqual(['a', 'b', 'c', 'first']);
    expect(await harness.transactionsOf(['a', 'b', 'c'])).toBe(1);
    expect(await harness.transactionsOf(['a', 'first'])).toBe(2);
  });

  test('a job that fails in a shared transaction fails alone, with its own attempts', async () => {
    await enqueueTogether({ a: 'write', broken: 'break', c: 'write' });
    await harness.done(3);
    await until(async () => (await harness.requests()).some(({ state }) => state === 'failed'));
    expect(await harness.effects()).toEqual(['a', 'c', 'first']);
    expect(await harness.requests()).toEqual([
      expect.objectContaining({ key: 'a', state: 'done', attempts: 0, last_error: null }),
      expect.objectContaining({ key: 'broken', state: 'failed', attempts: 3 }),
      expect.objectContaining({ key: 'c', state: 'done', attempts: 0, last_error: null }),
      expect.objectContaining({ key: 'first', state: 'done', attempts: 0 }),
    ]);
  });

  test('a shared transaction that lasts too long commits what is done, and the other jobs follow', async () => {
    harness.batchLimits.maxMs = 0;
    await enqueueTogether({ a: 'write', b: 'write', c: 'write' });
    await harness.done(4);
    expect(await harness.effects()).toEqual(['a', 'b', 'c', 'first']);
    expect(await harness.transactionsOf(['a', 'b', 'c'])).toBe(3);
  });

  test('a job that is not batched runs in a transaction by itself', async () => {
    await enqueueTogether({ a: 'write-alone', b: 'write-alone', c: 'write' });
    await harness.done(4);
    expect(await harness.effects()).toEqual(['a', 'b', 'c', 'first']);
    expect(await harness.transactionsOf(['a', 'b', 'c'])).toBe(3);
  });

  test('a worker that stops returns the jobs that it did not begin', async () => {
    const app = await harness.start();
    harness.gate.shut();
    await app.get(JobRequests).request(write('begun'));
    await until(() => harness.gate.entered.length === 1);
    for (const key of ['a', 'b']) await app.get(JobRequests).request(write(key));
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.active === 3);
    const stopped = app.get(JobWorkers).onModuleDestroy();
    harness.gate.open();
    await stopped;
    expect(await harness.effects()).toEqual(['begun']);
    expect((await harness.requests()).map(({ key, attempts }) => [key, attempts])).toEqual([
      ['a', 0],
      ['b', 0],
      ['begun', 0],
    ]);
    await harness.start();
    await harness.done(3);
    expect(await harness.effects()).toEqual(['a', 'b', 'begun']);
  });
});
