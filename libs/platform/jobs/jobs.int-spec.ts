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
import { QUEUE, redisServer, Trial } from './trial.fixture.js';

const write = (key: string) => ({ queue: QUEUE, name: 'write', key, payload: {} });

describe('two installations on one Redis', () => {
  it('keep to their logical databases', async () => {
    const [one, other] = [await Trial.begin(redisServer()), await Trial.begin({ ...redisServer(), db: 1 })];
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
    await Promise.all([one, other].map((trial) => trial.rest()));
    await Promise.all([one, other].map((trial) => trial.database.drop()));
  });
});

test('an application waits for another that makes Bull’s tables', async () => {
  const trial = await Trial.begin(undefined);
  const other = new pg.Client({ connectionString: trial.database.url });
  await other.connect();
  await other.query('SELECT pg_advisory_lock($1, hashtext($2))', [MIGRATION_ADVISORY_LOCK_KEY, 'bull']);
  const app = trial.start('api');
  app.catch(() => undefined);
  // Longer than it waits for a server that reports an error.
  await delay(6_000);
  await other.end();
  expect((await app).get(JobRequests)).toBeDefined();
  await trial.rest();
  await trial.database.drop();
});

describe.each([
  { backend: 'Redis', redisAt: redisServer },
  { backend: 'PostgreSQL', redisAt: () => undefined },
])('jobs with queues in $backend', ({ redisAt }) => {
  let trial: Trial;

  beforeAll(async () => {
    trial = await Trial.begin(redisAt());
  });
  afterEach(() => trial.rest());
  afterAll(() => trial.database.drop());

  test('a request made in a unit of work that is rolled back leaves no job', async () => {
    const app = await trial.start();
    const requests = app.get(JobRequests);
    const rolledBack = app.get(UnitOfWork).run(async () => {
      await requests.request(write('never'));
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    await app.get(UnitOfWork).run(() => requests.request(write('later')));
    await trial.done(1);
    expect(await trial.effects()).toEqual(['later']);
    expect((await trial.requests()).map(({ key }) => key)).toEqual(['later']);
  });

  test('work asked for by the API is done by the worker, at once', async () => {
    const api = await trial.start('api');
    await trial.start();
    expect(await api.get(JobRequests).request(write('from-api'))).toBe(true);
    await trial.done(1);
    expect(await trial.effects()).toEqual(['from-api']);
  });

  test('the same work asked for twice and delivered twice is done once', async () => {
    const app = await trial.start();
    expect(await app.get(JobRequests).request(write('once'))).toBe(true);
    expect(await app.get(JobRequests).request(write('once'))).toBe(false);
    await trial.done(1);
    const [asked] = await trial.requests();
    await app.get(JobQueues).add(QUEUE, [{ id: asked!.id, name: 'write', delayMs: 0 }]);
    await app.get(JobRequests).request(write('then'));
    await trial.done(2);
    expect(await trial.effects()).toEqual(['once', 'then']);
  });

  test('two deliveries at the same moment do the work once', async () => {
    const [one, other] = [await trial.start(), await trial.start()];
    trial.gate.shut();
    await one.get(JobRequests).request(write('raced'));
    await until(() => trial.gate.arrivals.length === 1);
    const [asked] = await trial.requests();
    await other.get(JobRunner).run({ id: asked!.id, name: 'write', queueName: QUEUE });
    trial.gate.open();
    await trial.done(1);
    expect(await trial.effects()).toEqual(['raced']);
  });

  test('work for later waits for its time', async () => {
    const app = await trial.start();
    const runAfter = '2026-03-02T03:00:00.000Z';
    await app.get(JobRequests).request({ ...write('later'), runAfter });
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.delayed === 2);
    await app.get(JobRequests).request(write('now'));
    await trial.done(1);
    expect(await trial.effects()).toEqual(['now']);
    trial.clock.set('2026-03-02T03:00:06.000Z');
    await trial.forget();
    await until(async () => (await trial.effects()).includes('later'));
  });

  test('everything is done exactly once though Bull forgets all of it in the middle', async () => {
    const app = await trial.start();
    trial.gate.shut();
    const keys = ['a', 'b', 'c', 'd'];
    for (const key of keys) await app.get(JobRequests).request(write(key));
    await until(() => trial.gate.arrivals.length === 1);
    await trial.forget();
    trial.clock.advanceDays(1 / 144);
    trial.gate.open();
    await trial.done(4);
    expect(await trial.effects()).toEqual(keys);
  });

  test('work that fails is tried again, then failed for good with its error, and left alone', async () => {
    const app = await trial.start();
    await app.get(JobRequests).request({ queue: QUEUE, name: 'break', key: 'broken', payload: {} });
    await until(async () => (await trial.requests())[0]!.state === 'failed');
    trial.clock.advanceDays(1 / 144);
    await app.get(JobReconciler).run();
    await app.get(JobRequests).request(write('next'));
    await trial.done(1);
    const last_error = 'RangeError: the deal has no executor';
    expect((await trial.requests())[0]).toMatchObject({ key: 'broken', state: 'failed', attempts: 3, last_error });
    expect(await trial.effects()).toEqual(['next']);
    await until(async () => (await app.get(JobCounts).collect())[QUEUE]?.active === 0);
    expect((await app.get(JobCounts).collect())[QUEUE]).toMatchObject({ waiting: 0, active: 0, failed: 1 });
  });

  test('a batch that commits in parts keeps what it did and is run again', async () => {
    const app = await trial.start();
    await app.get(JobRequests).request({ queue: QUEUE, name: 'write-in-parts', key: 'batch', payload: {} });
    await trial.done(1);
    expect(await trial.effects()).toEqual(['batch/0', 'batch/1']);
  });

  test('a day is due at its time of day in the business zone, and days missed are caught up', async () => {
    await trial.start();
    await until(async () => (await trial.database.rows('SELECT FROM crm.job_schedules')).length === 1);
    expect(await trial.effects()).toEqual([]);
    trial.clock.set('2026-03-02T03:00:00.000Z'); // 06:00 in Moscow
    await until(async () => (await trial.effects()).length > 0);
    trial.clock.set('2026-03-05T02:59:59.999Z'); // 05:59 in Moscow
    await until(async () => (await trial.effects()).length === 3);
    trial.clock.set('2026-03-05T03:00:00.000Z');
    await until(async () => (await trial.effects()).length === 4);
    expect(await trial.effects()).toEqual(['2026-03-02', '2026-03-03', '2026-03-04', '2026-03-05']);
  });

  test('workers that tick at the same moment ask for a day once', async () => {
    trial.clock.set('2026-03-02T09:00:00.000Z');
    const workers = [await trial.start(), await trial.start()];
    await trial.done(1);
    trial.clock.set('2026-03-04T09:00:00.000Z');
    await Promise.all(workers.flatMap((app) => [1, 2, 3].map(() => app.get(DailySchedules).tick())));
    await trial.done(3);
    expect(await trial.effects()).toEqual(['2026-03-02', '2026-03-03', '2026-03-04']);
  });

  test('a day asked for once is not asked for again though its schedule starts anew', async () => {
    trial.clock.set('2026-03-02T09:00:00.000Z');
    const app = await trial.start();
    await trial.done(1);
    await trial.database.rows('DELETE FROM crm.job_schedules');
    await app.get(DailySchedules).tick();
    await app.get(JobRequests).request(write('next'));
    await until(async () => (await trial.effects()).includes('next'));
    expect(await trial.effects()).toEqual(['2026-03-02', 'next']);
  });

  test('the wake of a schedule is put back when Bull has forgotten it', async () => {
    const app = await trial.start();
    const queue = app.get(JobQueues).get(QUEUE);
    const wake = { name: 'daily-schedule', pattern: '0 6 * * *', tz: 'Europe/Moscow' };
    await until(async () => (await queue.getJobScheduler('review-day')) !== undefined);
    expect(await queue.getJobScheduler('review-day')).toMatchObject(wake);
    await trial.forget();
    await until(async () => (await queue.getJobScheduler('review-day')) !== undefined);
    expect(await queue.getJobScheduler('review-day')).toMatchObject(wake);
  });

  test('a worker that stops finishes what it runs', async () => {
    const app = await trial.start();
    trial.gate.shut();
    await app.get(JobRequests).request(write('finished'));
    await until(() => trial.gate.arrivals.length === 1);
    let hasStopped = false;
    const stopped = app
      .get(JobWorkers)
      .onModuleDestroy()
      .then(() => (hasStopped = true));
    await app.get(JobRequests).request(write('left'));
    for (let look = 0; look < 20; look++) expect(await trial.effects()).toEqual([]);
    expect(hasStopped).toBe(false);
    trial.gate.open();
    await stopped;
    expect(await trial.effects()).toEqual(['finished']);
    await trial.start();
    await trial.done(2);
    expect(await trial.effects()).toEqual(['finished', 'left']);
  });

  test('a worker that stops hands back what does not end in time', async () => {
    const app = await trial.start('worker', { CRM_SHUTDOWN_TIMEOUT_MS: '100' });
    trial.gate.shut();
    await app.get(JobRequests).request(write('slow'));
    await until(() => trial.gate.arrivals.length === 1);
    await app.get(JobWorkers).onModuleDestroy();
    expect((await trial.requests())[0]).toMatchObject({ key: 'slow', state: 'pending' });
    expect((await app.get(JobCounts).collect())[QUEUE]?.active).toBe(0);
    trial.gate.open();
    await trial.done(1);
    expect(await trial.effects()).toEqual(['slow']);
  });

  test('work done long ago is cleared away, work that failed is kept', async () => {
    const app = await trial.start();
    await app.get(JobRequests).request(write('old'));
    await app.get(JobRequests).request({ queue: QUEUE, name: 'break', key: 'broken', payload: {} });
    await until(async () => (await trial.requests()).every(({ state }) => state !== 'pending'));
    trial.clock.advanceDays(29);
    await app.get(JobRequests).request(write('young'));
    trial.clock.advanceDays(2);
    await until(async () => !(await trial.requests()).some(({ key }) => key === 'old'));
    const kept = (await trial.requests()).map(({ key }) => key);
    expect(kept).toEqual(expect.arrayContaining(['broken', 'young']));
  });
});
