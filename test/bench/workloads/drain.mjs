/**
 * Speed of the publisher with a backlog, compared with amqplib sending the same messages to the same broker, exchange
 * and queue, with the same consumer. The worker runs all the time; during the slice of amqplib, the bench owns the
 * publisher's lease.
 */
import { Lease } from '#platform/persistence';
import { calm, nightZone } from '../calm.mjs';
import { withChildren } from '../child.mjs';
import { withClient } from '../environment.mjs';
import { quantile } from '../paired.mjs';
import { writeEvents } from '../written-events.mjs';

const EVENTS = 50_000;
const EXCHANGE = 'crm.events';
const QUEUE = 'bench.drain';
export async function runDrain(environment, { deals, quick }, report) {
  const book = await environment.book(deals);
  const { url } = environment.servers.rabbitmq;
  const worker = await environment.worker(book, nightZone());
  await worker.start();
  await calm(book);
  await withClient(book.url, (holder) =>
    withChildren(['consumer', 'publisher'], async (consumer, publisher) => {
      await consumer.ask('open', { url, exchange: EXCHANGE, name: QUEUE });
      await publisher.ask('open', { url, exchange: EXCHANGE });
      const lease = new PublisherLease(holder);
      await lease.take();
      const base = await writeEvents(book, EVENTS);
      await publisher.ask('capture');
      const sides = {
        ours: async () => {
          await book.query(`UPDATE crm.event_cursors SET position = $1 WHERE name = 'rabbitmq'`, [base]);
          const before = [worker.cpuMs(), environment.postgresCpuMs()];
          const taken = await drained(consumer, () => lease.release());
          await calm(book);
          const cpu = [worker.cpuMs() - before[0], environment.postgresCpuMs() - before[1]];
          await lease.take();
          return { ...taken, cpu };
        },
        raw: async () => {
          const before = publisher.cpuMs();
          const taken = await drained(consumer, () => publisher.ask('publish'));
          return { ...taken, cpu: [publisher.cpuMs() - before, 0] };
        },
      };
      await sides.ours();
      await publisher.ask('release', { count: EVENTS });
      await sides.raw();
      const runs = { ours: [], raw: [] };
      const order = ['ours', 'raw', 'raw', 'ours'];
      for (const side of quick ? order : [...order, ...order]) runs[side].push(await sides[side]());
      report(resultOf(deals, runs));
      await lease.release();
    }),
  );
  await worker.stop();
  await book.sequence();
}

/** Lease of the worker's publisher; while the bench owns it, the publisher is on standby. */
class PublisherLease {
  constructor(client) {
    this.client = client;
  }

  async take() {
    await this.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'crm-publisher' AND datname = current_database()`,
    );
    while (!this.lease) this.lease = await Lease.tryAcquire(this.client, 'publisher');
  }

  async release() {
    await this.lease.release();
    this.lease = undefined;
  }
}

async function drained(consumer, start) {
  await consumer.ask('expect', { messages: EVENTS });
  await start();
  const { firstAt, lastAt, received, outOfOrder, again } = await consumer.ask('take');
  if (outOfOrder > 0 || again > 0) throw new Error(`${outOfOrder} events out of order, ${again} more than once`);
  return { perSecond: (received - 1) / (Number(lastAt - firstAt) / 1e9) };
}

function resultOf(deals, runs) {
  const sideOf = (name, side) => ({
    name,
    perSecond: quantile(
      side.map(({ perSecond }) => perSecond),
      0.5,
    ),
    nodeUs:
      (quantile(
        side.map(({ cpu }) => cpu[0]),
        0.5,
      ) *
        1000) /
      EVENTS,
    postgresUs:
      (quantile(
        side.map(({ cpu }) => cpu[1]),
        0.5,
      ) *
        1000) /
      EVENTS,
    runs: side,
  });
  const rows = [sideOf('this service', runs.ours), sideOf('amqplib alone', runs.raw)];
  const ratio = rows[0].perSecond / rows[1].perSecond;
  const whole = (value) => Math.round(value).toLocaleString('en-US');
  return {
    ...{ workload: 'drain', title: `A backlog of ${whole(EVENTS)} events to RabbitMQ`, deals, rows, ratio },
    columns: ['', 'events/s', 'of amqplib', 'CPU node, µs', 'CPU PostgreSQL, µs'],
    lines: rows.map((row) => [
      row.name,
      whole(row.perSecond),
      (row.perSecond / rows[1].perSecond).toFixed(2),
      whole(row.nodeUs),
      whole(row.postgresUs),
    ]),
    notes: ['Every event came once, and those of a stream in their order.'],
  };
}
