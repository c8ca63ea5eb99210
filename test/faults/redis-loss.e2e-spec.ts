import { Redis } from 'ioredis';
import pg from 'pg';
import { until } from '#platform/testing';
import { type CrmUser, type DealBody } from '../support/crm-user.js';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { printMeasurements } from '../support/books/measurements.js';
import { Installation } from '../support/programs/installation.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const FUTURE = '2999-01-01';
/** More than a worker takes from Bull at once. */
const DEALS = 250;
/** The reconciler runs every CRM_RECONCILE_MS and skips requests younger than 5 s. */
const HEALS_WITHIN_MS = 60_000;

describe('a Redis that loses its data', () => {
  let crm: Installation;
  let worker: Program;
  let user: CrmUser;
  let consumer: EventConsumer;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, redis: true });
    const [api, started] = await Promise.all([crm.api(), crm.worker({ CRM_RECONCILE_MS: '300' })]);
    worker = started;
    user = crm.user(api);
    consumer = await crm.consumer('test.redis-loss', ['deal.review_due']);
  });

  afterAll(() => crm.discard());

  /** Opens deals that are due but have no event yet, and enqueues a job for each. */
  async function requestReminders(): Promise<readonly DealBody[]> {
    const clientId = await user.addClient();
    const deals = await Promise.all(Array.from({ length: DEALS }, () => user.openDeal(clientId, FUTURE)));
    const ids = deals.map(({ id }) => id);
    await crm.database.rows('UPDATE crm.deals SET next_review_at = now()::date - 1 WHERE id = ANY ($1)', [ids]);
    await crm.database.rows(
      `INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
       SELECT gen_random_uuid(), 'deal-reviews', 'remind-one', id,
         jsonb_build_object('subject_id', id, 'day', (now() AT TIME ZONE 'Europe/Moscow')::date),
         now() - interval '1 minute', now()
       FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    return deals;
  }

  async function requestsOf(deals: readonly DealBody[], state: string): Promise<number> {
    const values = [deals.map(({ id }) => id), state];
    const found = await crm.database.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM crm.job_requests WHERE payload ->> 'subject_id' = ANY ($1) AND state = $2`,
      values,
    );
    return found[0]!.count;
  }

  async function expectEachRemindedOnce(what: string, deals: readonly DealBody[]): Promise<void> {
    const healing = Date.now();
    await until(async () => (await requestsOf(deals, 'done')) === DEALS, HEALS_WITHIN_MS);
    const healedMs = Date.now() - healing;
    const reminders = await crm.database.rows<{ id: string; deal_id: string }>(
      `SELECT id, deal_id FROM crm.event_log WHERE type = 'deal.review_due' AND deal_id = ANY ($1)`,
      [deals.map(({ id }) => id)],
    );
    await until(() => reminders.every(({ id }) => consumer.ids.has(id)), HEALS_WITHIN_MS);
    printMeasurements(what, {
      deals: DEALS,
      reminders: reminders.length,
      'healed in s': (healedMs / 1_000).toFixed(1),
    });
    expect(reminders.map((reminder) => reminder.deal_id).sort()).toEqual(deals.map(({ id }) => id).sort());
    expect(consumer.account).toMatchObject({ duplicates: 0, changed: [] });
    expect(worker.isRunning).toBe(true);
  }

  it(
    'gets waiting jobs enqueued again, and each deal gets one reminder',
    withFailureOutput(async () => {
      const redis = new Redis(crm.queues.url);
      const lock = new pg.Client({ connectionString: crm.database.url });
      lock.on('error', () => undefined); // a failed test drops its database
      await lock.connect();
      // Running jobs wait for this lock, the others in Redis.
      await lock.query('BEGIN; LOCK TABLE crm.reminders IN ACCESS EXCLUSIVE MODE');
      const deals = await requestReminders();
      await until(async () => (await requestsOf(deals, 'pending')) === DEALS);
      await until(async () => (await redis.llen('crm:{deal-reviews}:deal-reviews:wait')) > DEALS / 2);
      await redis.flushall();
      await lock.end();
      redis.disconnect();
      await expectEachRemindedOnce('Redis flushed', deals);
    }),
  );

  it(
    'runs jobs requested during its outage when it is back',
    withFailureOutput(async () => {
      await crm.queues.kill();
      const deals = await requestReminders();
      await until(async () => (await requestsOf(deals, 'pending')) === DEALS);
      await crm.queues.start();
      await expectEachRemindedOnce('Redis killed and started', deals);
    }),
  );
});
