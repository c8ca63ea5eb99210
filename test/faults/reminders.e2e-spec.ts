import { Redis } from 'ioredis';
import pg from 'pg';
import { addDays, type CalendarDate } from '#platform/kernel';
import { until } from '#platform/testing';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { printMeasurements, share } from '../support/books/measurements.js';
import { Installation } from '../support/programs/installation.js';
import { MovedClock } from '../support/programs/moved-clock.js';
import { type Program } from '../support/programs/processes.js';
import { expectedReminders, openBook } from '../support/books/reminder-book.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const FIRST_DAY = '2026-03-02';
const DAYS = 60;
const BOOK = { deals: 600, policies: 1_000, payments: 4_000, quotes: 400, days: 90 };
/** Days without a worker; the next worker starts on the day after them. */
const MISSED = [34, 35, 36, 37, 38, 39].map((number) => addDays(FIRST_DAY, number));
/** One subject of each kind. */
const KINDS = 7;
/** A job of a killed worker is released after 25 s. */
const SETTLES_WITHIN_MS = 60_000;
const IN_HAND = 'crm.event_streams';

/** Published reminders as `kind subject date`: by the keys of events, and by the table of claims. */
const PUBLISHED = `SELECT replace(data ->> 'key', '/', ' ') AS reminder FROM crm.event_log WHERE data ? 'key'`;
const CLAIMED = `SELECT kind || ' ' || subject_id || ' ' || due_on AS reminder FROM crm.reminders`;

describe('reminders over sixty days', () => {
  let crm: Installation;
  let clock: MovedClock;
  let consumer: EventConsumer;
  let workers: Program[];
  let redis: Redis;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, redis: true });
    await openBook(crm.database, FIRST_DAY, BOOK);
    clock = new MovedClock(dailyRun(0));
    consumer = await crm.consumer('test.reminders');
    redis = new Redis(crm.queues.url);
    workers = [await newWorker()];
  });

  afterAll(async () => {
    redis.disconnect();
    await crm.discard();
    clock.discard();
  });

  const newWorker = (): Promise<Program> => crm.worker({ ...clock.environment, CRM_RECONCILE_MS: '200' });

  /** Shortly after 06:00 in Moscow, so many days after the first. */
  function dailyRun(number: number): string {
    return `${addDays(FIRST_DAY, number)}T04:00:00.000Z`;
  }

  async function liveThrough(from: number, to: number): Promise<void> {
    for (let number = from; number <= to; number++) {
      clock.set(dailyRun(number));
      await settled(number);
    }
  }

  /** Waits until the daily run of a day is requested and done, even if jobs of earlier days still wait. */
  async function settled(number: number): Promise<void> {
    const day: CalendarDate = addDays(FIRST_DAY, number);
    const asked = `SELECT count(*)::int AS count FROM crm.job_schedules
      WHERE name LIKE 'remind-%' AND caught_up_through >= $1::date`;
    const left = `SELECT count(*)::int AS count FROM crm.job_requests
      WHERE state = 'pending' AND payload ->> 'day' = $1`;
    await until(
      async () => (await count(asked, [day])) === KINDS && (await count(left, [day])) === 0,
      SETTLES_WITHIN_MS,
    );
  }

  async function allDone(): Promise<void> {
    const left = `SELECT count(*)::int AS count FROM crm.job_requests WHERE state = 'pending'`;
    await until(async () => (await count(left)) === 0, SETTLES_WITHIN_MS);
  }

  async function count(sql: string, values: readonly unknown[] = []): Promise<number> {
    return (await crm.database.rows<{ count: number }>(sql, values))[0]!.count;
  }

  /** Blocks the reminders of a day between claim and event, and runs `harm` meanwhile. */
  async function inTheMiddleOf(number: number, harm: () => Promise<unknown>): Promise<void> {
    const barrier = new pg.Client({ connectionString: crm.database.url });
    await barrier.connect();
    await barrier.query(`BEGIN; LOCK TABLE ${IN_HAND} IN EXCLUSIVE MODE`);
    clock.set(dailyRun(number));
    const waiting = `SELECT count(*)::int AS count FROM pg_locks
      WHERE NOT granted AND relation = '${IN_HAND}'::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await until(async () => (await count(waiting)) >= 3, SETTLES_WITHIN_MS);
    await harm();
    await barrier.end();
  }

  it(
    'are each published once, although workers, Redis and RabbitMQ are killed, flushed and restarted',
    withFailureOutput(async () => {
      const everyDay = await expectedReminders(crm.database, FIRST_DAY, addDays(FIRST_DAY, DAYS - 1));
      // A review that stays due is published only for the last of several missed days.
      const expected = everyDay.filter(
        (each) => !MISSED.some((day) => /^deal.review_due /.test(each) && each.endsWith(day)),
      );
      const began = Date.now();
      const first = workers[0]!;
      await liveThrough(0, 9);

      await inTheMiddleOf(10, () => first.kill());
      await first.start();
      await settled(10);
      await liveThrough(11, 19);

      await inTheMiddleOf(20, () => redis.flushall());
      await settled(20);
      await liveThrough(21, 29);

      await crm.broker.stop();
      await liveThrough(30, 33);
      await crm.broker.start();

      await first.kill();
      clock.set(dailyRun(40)); // no worker ran in MISSED
      await first.start();
      await settled(40);

      const second = await newWorker();
      await inTheMiddleOf(41, async () => {
        await first.kill();
        await redis.flushall();
      });
      await settled(41);
      await liveThrough(42, 48);
      await first.start();
      await inTheMiddleOf(49, () => second.kill());
      await settled(49);
      await liveThrough(50, DAYS - 1);
      await allDone();
      const seconds = (Date.now() - began) / 1_000;

      const given = (sql: string): Promise<string[]> =>
        crm.database.rows<{ reminder: string }>(sql).then((rows) => rows.map(({ reminder }) => reminder).sort());
      const [events, claims] = [await given(PUBLISHED), await given(CLAIMED)];
      const logged = await crm.database.rows<{ id: string }>('SELECT id FROM crm.event_log');
      await until(() => consumer.ids.size >= logged.length, SETTLES_WITHIN_MS);
      const { delivered, duplicates } = consumer.account;
      printMeasurements('60 days of reminders', {
        expected: expected.length,
        published: events.length,
        'published twice': events.length - new Set(events).size,
        missing: expected.length - new Set(events).size,
        delivered,
        duplicates: share(duplicates, delivered),
        'in s': seconds.toFixed(1),
      });
      expect(difference(expected, events)).toEqual([]);
      expect(difference(expected, claims)).toEqual([]);
      expect([...consumer.ids].sort()).toEqual(logged.map(({ id }) => id).sort());
      expect(consumer.account).toMatchObject({ changed: [], outOfOrder: [] });
    }),
  );

  it('are followed by the closing of each policy three days after its end', async () => {
    const open = `SELECT id FROM crm.policies
      WHERE status = 'active' AND effective_to <= $1::date - 3`;
    expect(await crm.database.rows(open, [addDays(FIRST_DAY, DAYS - 1)])).toEqual([]);
  });
});

/** Differences between two sorted lists, with duplicates; the first twenty. */
function difference(expected: readonly string[], given: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const each of given) counts.set(each, (counts.get(each) ?? 0) + 1);
  for (const each of expected) counts.set(each, (counts.get(each) ?? 0) - 1);
  const differing = [...counts].filter(([, count]) => count !== 0);
  return differing.slice(0, 20).map(([each, count]) => `${each}: ${count > 0 ? `${count} too many` : 'missing'}`);
}
