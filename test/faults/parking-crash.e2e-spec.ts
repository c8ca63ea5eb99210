import { type Channel, type ChannelModel, connect } from 'amqplib';
import pg from 'pg';
import { newId } from '#platform/kernel';
import { LogSignal } from '#platform/messaging';
import { until } from '#platform/testing';
import type { EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { type Program } from '../support/programs/processes.js';
import { QueueDeliveries } from '../support/broker/queue-deliveries.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const EXCHANGE = 'crm.events';
const STREAMS = 20;
const ARRIVES_WITHIN_MS = 120_000;
const LOCK = 4_711;

/** Blocks the statement that parks events after both its changes, before the commit. */
const WAIT_IN_PARKING = `
  CREATE FUNCTION public.wait_in_parking() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(${LOCK}); RETURN NULL; END $$;
  CREATE TRIGGER wait_in_parking AFTER INSERT ON crm.parked_events
    FOR EACH STATEMENT EXECUTE FUNCTION public.wait_in_parking()`;
const CURSOR = `SELECT position FROM crm.event_cursors WHERE name = 'rabbitmq'`;
/** The backend whose statement waits for a lock, before or while it parks events. */
const PARKING = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO crm.parked_events%'`;
/** Lost events: the cursor has passed them, RabbitMQ has refused them, and they are not parked. */
const LOST = `SELECT e.id FROM crm.event_log e
  WHERE e.id = ANY ($1::uuid[]) AND e.position <= (${CURSOR})
    AND NOT EXISTS (SELECT FROM crm.parked_events p WHERE p.event_id = e.id)`;

describe('a worker that is killed while it parks events of a full queue', () => {
  let crm: Installation;
  let worker: Program;
  let consumer: EventConsumer;
  let connection: ChannelModel;
  let channel: Channel;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, isScripted: true });
    worker = await crm.worker();
    consumer = await crm.consumer('test.parking-crash');
    connection = await connect(crm.broker.url);
    channel = await connection.createChannel();
    await crm.database.rows(WAIT_IN_PARKING);
  });
  afterAll(async () => {
    await connection.close();
    await crm.discard();
  });

  /** A queue that has no room for a first event. */
  async function fullQueue(): Promise<string> {
    const full = { durable: true, maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };
    const { queue } = await channel.assertQueue(`test.full.${newId()}`, full);
    channel.sendToQueue(queue, Buffer.from('{}'));
    await until(async () => (await channel.checkQueue(queue)).messageCount === 1);
    await channel.bindQueue(queue, EXCHANGE, 'client.#');
    return queue;
  }

  /** Appends one event to each stream. @returns their ids. */
  async function append(type: string, streams: readonly string[]): Promise<string[]> {
    const changes = streams.map((stream) => ({
      ...{ stream, audience: [], at: new Date().toISOString() },
      events: [{ id: newId(), type, data: { stream } }],
    }));
    await crm.database.rows('SELECT crm.append_to_streams($1::jsonb)', [JSON.stringify(changes)]);
    return changes.flatMap(({ events }) => events.map(({ id }) => id));
  }

  /** Runs `work` while the lock that `sql` takes is not available to others. */
  async function whileLocked(sql: string, work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: crm.database.url });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query(sql);
      await work(() => client.query('COMMIT'));
    } finally {
      await client.end();
    }
  }

  const parkedCount = async (): Promise<number> =>
    (await crm.database.rows<{ count: number }>('SELECT count(*)::int AS count FROM crm.parked_events'))[0]!.count;

  it.each([
    ['after the refusal, before the row', `${CURSOR} FOR UPDATE`, 'terminated'],
    ['after row and cursor, before their commit', `SELECT pg_advisory_xact_lock(${LOCK})`, 'terminated'],
    ['before the commit reaches it', `SELECT pg_advisory_xact_lock(${LOCK})`, 'committed'],
  ])('%s, loses no event and retains the order of each stream', (_when, lock, outcome) =>
    withFailureOutput(async () => {
      const queue = await fullQueue();
      const streams = Array.from({ length: STREAMS }, () => `clients/${newId()}`);
      const [before] = await crm.database.rows(CURSOR);
      const refused: string[] = [];
      const others: string[] = [];
      await whileLocked(lock, async (release) => {
        refused.push(...(await append('client.created', streams)));
        const [backend] = await until(async () => {
          const rows = await crm.database.rows<{ pid: number }>(PARKING);
          return rows.length > 0 && rows;
        });
        expect(worker.lastSaid('RabbitMQ refused an event')).toMatchObject({ type: 'client.created' });
        refused.push(...(await append('client.updated', streams)));
        others.push(...(await append('deal.journal.appended', [`deals/${newId()}`, `deals/${newId()}`])));
        await worker.kill();
        if (outcome === 'terminated') await crm.database.rows('SELECT pg_terminate_backend($1)', [backend!.pid]);
        await until(async () => outcome === 'committed' || (await crm.database.rows(PARKING)).length === 0);
        await release();
      });
      if (outcome === 'terminated') {
        expect([await parkedCount(), await crm.database.rows(CURSOR)]).toEqual([0, [before]]);
      } else {
        await until(async () => (await parkedCount()) > 0);
      }
      expect(await crm.database.rows(LOST, [refused])).toEqual([]);

      await worker.start();
      await until(() => others.every((id) => consumer.ids.has(id)), ARRIVES_WITHIN_MS);
      await until(async () => (await parkedCount()) > 0, ARRIVES_WITHIN_MS);
      expect(await crm.database.rows(LOST, [refused])).toEqual([]);
      await channel.get(queue, { noAck: true });
      const late = await QueueDeliveries.of(channel, queue);
      await crm.database.rows(LogSignal.retryParked.text);
      await until(() => refused.every((id) => late.ids.has(id) && consumer.ids.has(id)), ARRIVES_WITHIN_MS);
      await until(async () => (await parkedCount()) === 0);
      expect(late.outOfOrder).toEqual([]);
      expect(consumer.account).toMatchObject({ outOfOrder: [], changed: [] });
      await channel.deleteQueue(queue);
    })(),
  );
});
