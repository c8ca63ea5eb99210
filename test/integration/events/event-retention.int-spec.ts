import { BrokerSettings } from '#platform/config';
import { EventRetention } from '#platform/messaging';
import { Database } from '#platform/persistence';
import { type TestUser, until } from '#platform/testing';
import pg from 'pg';
import { type FeedBody, FeedHarness } from './feed-harness.js';
import { StreamApplication } from '../streams/stream-application.js';
import { StreamClient } from '../streams/stream-client.js';
import { range } from '../streams/stream-events.js';

const BEFORE = '2025-06-15T00:00:00.000Z';
/** Events by month; those of June before and after the fifteenth. */
const AGES: readonly (readonly [from: number, to: number, time: string])[] = [
  [1, 20, '2025-03-10T00:00:00Z'],
  [21, 40, '2025-04-10T00:00:00Z'],
  [41, 60, '2025-06-10T00:00:00Z'],
  [61, 80, '2025-06-20T00:00:00Z'],
  [81, 100, '2025-08-10T00:00:00Z'],
];

describe('event retention', () => {
  let harness: FeedHarness;
  let retention: EventRetention;
  let admin: TestUser;

  beforeEach(async () => {
    harness = await FeedHarness.begin();
    admin = harness.user('admin');
    retention = new EventRetention(harness.api.nest.get(Database), new BrokerSettings({ url: 'amqp://broker' }));
    await harness.database.rows(
      `SELECT crm.add_partition('event_log', month::date)
       FROM generate_series(timestamp '2025-03-01', timestamp '2025-06-01', interval '1 month') AS month`,
    );
    for (const [from, to, time] of AGES) await write(from, to, time);
    await publishedUpTo(100);
    await harness.database.rows(
      `UPDATE crm.event_cursors SET position = 100 WHERE name IN ('sequencer', 'projection/reminders')`,
    );
  });
  afterEach(() => harness.end());

  const write = (from: number, to: number, time: string, hasPosition = true) =>
    harness.database.rows(
      `INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, audience, data)
       SELECT gen_random_uuid(), CASE WHEN $4 THEN n END, 'clients/' || n, 1, 'client.created', $3, '{}', '{}'
       FROM generate_series($1::int, $2::int) AS n`,
      [from, to, time, hasPosition],
    );
  const publishedUpTo = (position: number) =>
    harness.database.rows(
      `INSERT INTO crm.event_cursors VALUES ('rabbitmq', $1) ON CONFLICT (name) DO UPDATE SET position = $1`,
      [position],
    );
  const retained = async () =>
    (await harness.database.rows<{ position: string }>('SELECT position FROM crm.event_log ORDER BY position')).map(
      ({ position }) => Number(position),
    );
  const months = async () =>
    (
      await harness.database.rows<{ name: string }>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits
         WHERE inhparent = 'crm.event_log'::regclass AND inhrelid::regclass::text LIKE '%_2025_%' ORDER BY 1`,
      )
    ).map(({ name }) => name.slice(-7));

  it('drops whole months and deletes other expired events, and nothing else', async () => {
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(61, 100));
    expect(await months()).toEqual(['2025_06']);
  });

  it('is reported by the feed and the stream to a client that requests deleted events', async () => {
    await retention.forget(BEFORE);
    expect(await admin.get('/events?after=59')).toMatchObject({ status: 410, body: { oldest_position: '61' } });
    expect((await admin.get<FeedBody>('/events?after=60&limit=200')).body.items).toHaveLength(40);
    const token = admin.authorization.authorization!.slice('Bearer '.length);
    // A process without the deleted events in memory.
    const fresh = await StreamApplication.start(harness.database.url);
    const open = (lastEventId: string) => StreamClient.open(fresh.port, { token, lastEventId });
    const [late, timely] = await Promise.all([open('59'), open('60')]);
    const [reset] = await late.received(1);
    expect(reset).toMatchObject({ event: 'reset', data: { reason: 'id_past_retention' } });
    expect((await timely.received(40)).map(({ id }) => Number(id))).toEqual(range(61, 100));
    late.close();
    timely.close();
    await fresh.stop();
  });

  it('never deletes an event that is not published', async () => {
    await publishedUpTo(30);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(31, 100));
    expect(await months()).toEqual(['2025_04', '2025_06']);
  });

  it('never deletes an event that a projection has not read', async () => {
    await harness.database.rows(`UPDATE crm.event_cursors SET position = 30 WHERE name = 'projection/reminders'`);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(31, 100));
  });

  it('never deletes an event when a projection was moved back after the bound was computed', async () => {
    await harness.database.rows(`UPDATE crm.event_cursors SET position = 30 WHERE name = 'projection/reminders'`);
    await harness.database.rows('SELECT crm.forget_events(60, $1, 100)', [BEFORE]);
    expect(await retained()).toEqual(range(31, 100));
  });

  it('deletes nothing while a rebuild of a projection is requested', async () => {
    await harness.database.rows(`INSERT INTO crm.projections VALUES ('totals', true, now())`);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(1, 100));
  });

  it('deletes nothing before the first publication', async () => {
    await harness.database.rows(`DELETE FROM crm.event_cursors WHERE name = 'rabbitmq'`);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(1, 100));
  });

  it('never deletes an event without a position, however old', async () => {
    await harness.database.rows(`DELETE FROM crm.event_cursors WHERE name = 'sequencer'`);
    await write(101, 101, '2025-03-20T00:00:00Z', false);
    await harness.database.rows(`INSERT INTO crm.event_cursors VALUES ('sequencer', 100)`);
    await retention.forget(BEFORE);
    const [row] = await harness.database.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM crm.event_log WHERE stream = 'clients/101'`,
    );
    expect(row).toEqual({ count: 1 });
  });

  it('never deletes events after the slowest bookmark', async () => {
    for (const [name, position] of [
      ['slow', '45'],
      ['fast', '90'],
    ]) {
      const answer = await admin.send('PUT', `/events/bookmarks/${name!}`, { body: { position } });
      expect(answer.status).toBe(201);
    }
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(46, 100));
  });

  it('never deletes events that a replay has not sent', async () => {
    await harness.database.rows(
      `INSERT INTO crm.event_replays
         (id, queue, types, from_position, to_position, position, state, requested_by_id, created_at, updated_at)
       VALUES (gen_random_uuid(), 'q', '{}', 5, 100, 50, 'running', gen_random_uuid(), now(), now())`,
    );
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(51, 100));
  });

  it('deletes only from the beginning: an old event among newer ones leaves no gap', async () => {
    await write(101, 110, '2025-03-12T00:00:00Z');
    await harness.database.rows(`UPDATE crm.event_cursors SET position = 110`);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(61, 110));
    await retention.forget('2025-09-01T00:00:00.000Z');
    expect(await retained()).toEqual([]);
    expect((await admin.get<FeedBody>('/events')).body).toEqual({ items: [], next_after: '110', has_more: false });
  });

  it('waits for a bookmark that is being set, and then retains its events', async () => {
    const setting = new pg.Client({ connectionString: harness.database.url });
    await setting.connect();
    await setting.query('BEGIN');
    await setting.query(
      `INSERT INTO crm.event_bookmarks VALUES ('late', 10, 1, now(), now(), '00000000-0000-7000-8000-000000000001')`,
    );
    // It gives up after a short wait for the lock, and is retried.
    const forgetting = retention.forget(BEFORE).catch((error: unknown) => (error as Error).message);
    await until(async () => {
      const waits = await harness.database.rows(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waits.length > 0;
    });
    await setting.query('COMMIT');
    await setting.end();
    expect([undefined, 'canceling statement due to lock timeout']).toContain(await forgetting);
    await retention.forget(BEFORE);
    expect(await retained()).toEqual(range(11, 100));
  });

  it('deletes many events in small batches', async () => {
    await harness.database.rows(
      `INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, audience, data)
       SELECT gen_random_uuid(), n, 'clients/' || n, 1, 'client.created', '2025-08-11T00:00:00Z', '{}', '{}'
       FROM generate_series(101, 20000) AS n`,
    );
    await harness.database.rows('UPDATE crm.event_cursors SET position = 20000');
    await write(20_001, 20_001, '2025-09-10T00:00:00Z');
    await harness.database.rows(`
      CREATE TABLE crm.steps (transaction xid8, count int);
      CREATE FUNCTION crm.note_step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO crm.steps SELECT pg_current_xact_id(), count(*) FROM gone;
        RETURN NULL;
      END $$;
      CREATE TRIGGER note_step AFTER DELETE ON crm.event_log REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION crm.note_step()`);
    await retention.forget('2025-09-01T00:00:00.000Z');
    expect(await retained()).toEqual([20_001]);
    const steps = await harness.database.rows<{ count: number }>(
      'SELECT sum(count)::int AS count FROM crm.steps GROUP BY transaction ORDER BY transaction',
    );
    // Without the months whose partitions are dropped.
    expect(steps.map(({ count }) => count)).toEqual([5_000, 5_000, 5_000, 4_920]);
  });
});
