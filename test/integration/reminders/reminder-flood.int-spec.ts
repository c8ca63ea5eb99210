import { readerLags, unsequenced } from '#platform/messaging';
import { createTestDatabase, FixedClock, type TestDatabase, testEnvironment } from '#platform/testing';
import { seedDemo } from '../../../apps/cli/src/demo/seed.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { printMeasurements } from '../../support/books/measurements.js';
import { WorkerHarness } from '../../support/worker-harness.js';

/** A Monday after 06:00 in Moscow: the reminders of the day are due. */
const NOW = '2026-11-23T06:30:00.000Z';
const TODAY = '2026-11-23';
const QUEUES = [
  'deal-reviews',
  'payments-due',
  'payments-escalated',
  'payments-overdue',
  'policy-expiries',
  'policy-renewals',
  'quote-expiries',
];
const SECONDS_OF_A_DAY = 86_400;

describe('new demo data with events of past weeks', () => {
  const clock = new FixedClock(NOW);
  let database: TestDatabase;
  let worker: WorkerHarness | undefined;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    await seedDemo(database.url, testEnvironment({ databaseUrl: database.url }), clock);
  });

  afterAll(async () => {
    await worker?.close();
    await database.drop();
  });

  it('have unread events whose age counts from their append, not from their own time', async () => {
    const { count, age } = await unsequenced((statement) => database.rows(statement.text));
    expect(count).toBeGreaterThan(1_000);
    expect(age).toBeLessThan(SECONDS_OF_A_DAY);
  });

  it('get one reminder for each due subject, of the present day, by one job for each kind', async () => {
    worker = await WorkerHarness.start({ database, clock });
    await worker.settled();
    const jobs = await database.rows<{ queue: string; count: number }>(
      `SELECT queue, count(*)::int AS count FROM crm.job_requests WHERE name LIKE 'remind-%' GROUP BY 1 ORDER BY 1`,
    );
    expect(jobs).toEqual(QUEUES.map((queue) => ({ queue, count: 1 })));
    const reminders = await database.rows<{ key: string }>(
      `SELECT data ->> 'key' AS key FROM crm.event_log WHERE data ? 'key'`,
    );
    printMeasurements('a fresh demonstration', { jobs: jobs.length, reminders: reminders.length });
    expect(reminders.length).toBeGreaterThan(0);
    expect(reminders.filter(({ key }) => !key.endsWith(`/${TODAY}`))).toEqual([]);
    expect(new Set(reminders.map(({ key }) => key)).size).toBe(reminders.length);
    const due = await database.rows(
      `SELECT FROM crm.deals WHERE next_review_at <= $1 AND closed_at IS NULL AND NOT is_deleted`,
      [TODAY],
    );
    expect(reminders.filter(({ key }) => key.startsWith('deal.review_due/'))).toHaveLength(due.length);
    const lags = await readerLags((statement) => database.rows(statement.text));
    expect(lags.filter(({ name, lag }) => name === 'projection/reminders' && lag > 0)).toEqual([]);
  });
});
