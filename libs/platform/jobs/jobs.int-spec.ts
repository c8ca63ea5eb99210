import { setTimeout as delay } from 'node:timers/promises';
import { UnitOfWork } from '#platform/persistence';
import { until } from '#platform/testing';
import { MIGRATION_ADVISORY_LOCK_KEY } from 'bullmq';
import pg from 'pg';
import { DailySchedules } from './schedules/daily-schedules.js';
import { JobCounts } from './job-counts.js';
import { JobQueues } from './job-queues.js';
import { JobReconciler } from './requests/job-reconciler.js';
import { JobRequests } from './requests/job-requests.js';
import { JobRunner } from './processing/job-runner.js';
import { JobWorkers } from './processing/job-workers.js';
import { QUEUE, redisServer, JobsHarness } from './jobs-harness.fixture.js';

const write = (key: string) => ({ queue: QUEUE, name: 'write', key, payload: {} });

describe('two installations on one Redis', () => {
  it('are separate in their logical databases', async () => {
    const [one, other] = [
      await JobsHarness.create(redisServer()),
      await JobsHarness.create({ ...redisServer(), db: 1 }),
    ];
    const api = await one.start('api');
    const waiting = async () => (await api.get(JobCounts).collect())[QUEUE]?.waiting;
    await api.get(JobRequests).request(write('one'));
    await until(async () => (await waiting()) === 1);
    const worker = await other.start();
    await worker.get(JobRequests).request(write('other'));
    await other.done(1);
    expect(await waiting()).toBe(1);
    await one.start();
    await one.done(1);
    expect([await one.effects(), await other.effects()]).toEqual([['one'], ['other']]);
    await Promise.all([one, other].map((harness) => harness.reset()));
    await Promise.all([one, other].map((harness) => harness.database.drop()));
  });
});

test('an application waits for another that makes Bull’s tables', async () => {
  const harness = await JobsHarness.create(undefined);
  const other = new pg.Client({ connectionString: harness.database.url });
  await other.connect();
  await other.query('SELECT pg_advisory_lock($1, hashtext($2))', [MIGRATION_ADVISORY_LOCK_KEY, 'bull']);
  const app = harness.start('api');
  app.catch(() => undefined);
  // Longer than it waits for a server that reports an error.
  await delay(6_000);
  await other.end();
  expect((await app).get(JobRequests)).toBeDefined();
  await harness.reset();
  await harness.database.drop();
});

describe.each([
  { backend: 'Redis', redisAt: redisServer },
  { backend: 'PostgreSQL', redisAt: () => undefined },
])('jobs with queues in $backend', ({ redisAt }) => {
  let harness: JobsHarness;

  beforeAll(async () => {
    harness = await JobsHarness.create(redisAt());
  });
  afterEach(() => harness.reset());
  afterAll(() => harness.database.drop());

  test('a request made in a unit of work that is rolled back leaves no job', async () => {
    const app = await harness.start();
    const requests = app.get(JobRequests);
    const rolledBack = app.get(UnitOfWork).run(async () => {
      await requests.request(write('never'));
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await app.get(UnitOfWork).run(() => requests.request(write('later')));
    await harness.done(1);
    expect(await harness.effects()).toEqual(['later']);
    expect((await harness.requests()).map(({ key }) => key)).toEqual(['later']);
  });

  test('the worker runs a job that the API enqueues, at once', async () => {
    const api = await harness.start('api');
    await harness.start();
    expect(await api.get(JobRequests).request(write('from-api'))).toBe(true);
    await harness.done(1);
    expect(await harness.effects()).toEqual(['from-api']);
  });

  test('a job that is enqueued twice and delivered twice runs once', async () => {
    const app = await harness.start();
    expect(await app.get(JobRequests).request(write('once'))).toBe(true);
    expect(await app.get(JobRequests).request(write('once'))).toBe(false);
    await harness.done(1);
    const [asked] = await harness.requests();
    await app.get(JobQueues).add(QUEUE, [{ id: asked!.id, name: 'write', delayMs: 0 }]);
    await app.get(JobRequests).request(write('then'));
    await harness.done(2);
    expect(await harness.effects()).toEqual(['once', 'then']);
  });

  test('two deliveries at the same moment do the work once', async () => {
    const one = await harness.start();
    harness.gate.shut();
    await one.get(JobRequests).request(write('raced'));
    await until(() => harness.gate.entered.length === 1);
    // Started later, so that it is not the one that runs the job: its only place would be taken.
    const other = await harness.start();
    const [asked] = await harness.requests();
    await other.get(JobRunner).run({ id: asked!.id, name: 'write', queueName: QUEUE });
    harness.gate.open();
    await harness.done(1);
    expect(await harness.effects()).toEqual(['raced']);
  });

  test('work for later waits for its time', async () => {
    const app = await harness.start();
    const runAfter = '2026-03-02T03:00:00.000Z';
    await app.get(JobRequests).request({ ...write('later'), runAfter });
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.delayed === 2);
    await app.get(JobRequests).request(write('now'));
    await harness.done(1);
    expect(await harness.effects()).toEqual(['now']);
    harness.clock.set('2026-03-02T03:00:06.000Z');
    await harness.forget();
    await until(async () => (await harness.effects()).includes('later'));
  });

  test('everything is done exactly once though Bull forgets all of it in the middle', async () => {
    const app = await harness.start();
    harness.gate.shut();
    const keys = ['a', 'b', 'c', 'd'];
    for (const key of keys) await app.get(JobRequests).request(write(key));
    await until(() => harness.gate.entered.length === 1);
    await harness.forget();
    harness.clock.advanceDays(1 / 144);
    harness.gate.open();
    await harness.done(4);
    expect(await harness.effects()).toEqual(keys);
  });

  test('work that fails is tried again, then failed for good with its error, and left alone', async () => {
    const app = await harness.start();
    await app.get(JobRequests).request({ queue: QUEUE, name: 'break', key: 'broken', payload: {} });
    await until(async () => (await harness.requests())[0]!.state === 'failed');
    harness.clock.advanceDays(1 / 144);
    await app.get(JobReconciler).run();
    await app.get(JobRequests).request(write('next'));
    await harness.done(1);
    const last_error = 'RangeError: the deal has no executor';
    expect((await harness.requests())[0]).toMatchObject({ key: 'broken', state: 'failed', attempts: 3, last_error });
    expect(await harness.effects()).toEqual(['next']);
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.active === 0);
    expect((await app.get(JobCounts).collect())[QUEUE]).toMatchObject({ waiting: 0, active: 0, failed: 1 });
  });

  test('a batch that commits in parts retains its commits and is run again', async () => {
    const app = await harness.start();
    await app.get(JobRequests).request({ queue: QUEUE, name: 'write-in-parts', key: 'batch', payload: {} });
    await harness.done(1);
    expect(await harness.effects()).toEqual(['batch/0', 'batch/1']);
  });

  test('a day is due at its time of day in the business zone, and days missed are caught up', async () => {
    await harness.start();
    await until(async () => (await harness.database.rows('SELECT FROM crm.job_schedules')).length === 1);
    expect(await harness.effects()).toEqual([]);
    harness.clock.set('2026-03-02T03:00:00.000Z'); // 06:00 in Moscow
    await until(async () => (await harness.effects()).length > 0);
    harness.clock.set('2026-03-05T02:59:59.999Z'); // 05:59 in Moscow
    await until(async () => (await harness.effects()).length === 3);
    harness.clock.set('2026-03-05T03:00:00.000Z');
    await until(async () => (await harness.effects()).length === 4);
    expect(await harness.effects()).toEqual(['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05']);
  });

  test('workers that tick at the same moment enqueue a day once', async () => {
    harness.clock.set('2026-03-02T09:00:00.000Z');
    const workers = [await harness.start(), await harness.start()];
    await harness.done(1);
    harness.clock.set('2026-03-04T09:00:00.000Z');
    await Promise.all(workers.flatMap((app) => [1, 2, 3].map(() => app.get(DailySchedules).tick())));
    await harness.done(3);
    expect(await harness.effects()).toEqual(['2026-03-02', '2026-03-03', '2026-03-04']);
  });

  test('a day is enqueued once, also when its schedule starts anew', async () => {
    harness.clock.set('2026-03-02T09:00:00.000Z');
    const app = await harness.start();
    await harness.done(1);
    await harness.database.rows('DELETE FROM crm.job_schedules');
    await app.get(DailySchedules).tick();
    await app.get(JobRequests).request(write('next'));
    await until(async () => (await harness.effects()).includes('next'));
    expect(await harness.effects()).toEqual(['2026-03-02', 'next']);
  });

  test('the wake of a schedule is put back when Bull has forgotten it', async () => {
    const app = await harness.start();
    const queue = app.get(JobQueues).get(QUEUE);
    const wake = { name: 'daily-schedule', pattern: '0 6 * * *', tz: 'Europe/Moscow' };
    await until(async () => (await queue.getJobScheduler('review-day')) !== undefined);
    expect(await queue.getJobScheduler('review-day')).toMatchObject(wake);
    await harness.forget();
    await until(async () => (await queue.getJobScheduler('review-day')) !== undefined);
    expect(await queue.getJobScheduler('review-day')).toMatchObject(wake);
  });

  test('a worker that stops finishes what it runs', async () => {
    const app = await harness.start();
    harness.gate.shut();
    await app.get(JobRequests).request(write('finished'));
    await until(() => harness.gate.entered.length === 1);
    let hasStopped = false;
    const stopped = app
      .get(JobWorkers)
      .onModuleDestroy()
      .then(() => (hasStopped = true));
    await app.get(JobRequests).request(write('left'));
    for (let look = 0; look < 20; look++) expect(await harness.effects()).toEqual([]);
    expect(hasStopped).toBe(false);
    harness.gate.open();
    await stopped;
    expect(await harness.effects()).toEqual(['finished']);
    await harness.start();
    await harness.done(2);
    expect(await harness.effects()).toEqual(['finished', 'left']);
  });

  test('a worker that stops hands back what does not end in time', async () => {
    const app = await harness.start('worker', { CRM_SHUTDOWN_TIMEOUT_MS: '100' });
    harness.gate.shut();
    await app.get(JobRequests).request(write('slow'));
    await until(() => harness.gate.entered.length === 1);
    await app.get(JobWorkers).onModuleDestroy();
    expect((await harness.requests())[0]).toMatchObject({ key: 'slow', state: 'pending' });
    expect((await app.get(JobCounts).collect())[QUEUE]?.active).toBe(0);
    harness.gate.open();
    await harness.done(1);
    expect(await harness.effects()).toEqual(['slow']);
  });

  test('old done requests are purged, failed ones are retained', async () => {
    const app = await harness.start();
    await app.get(JobRequests).request(write('old'));
    await app.get(JobRequests).request({ queue: QUEUE, name: 'break', key: 'broken', payload: {} });
    await until(async () => (await harness.requests()).every(({ state }) => state !== 'pending'));
    harness.clock.advanceDays(29);
    await app.get(JobRequests).request(write('young'));
    harness.clock.advanceDays(2);
    await until(async () => !(await harness.requests()).some(({ key }) => key === 'old'));
    const remaining = (await harness.requests()).map(({ key }) => key);
    expect(remaining).toEqual(expect.arrayContaining(['broken', 'young']));
  });
});
