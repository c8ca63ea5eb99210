import { until } from '#platform/testing';
import { expectEverythingDelivered } from '../support/broker/delivery-check.js';
import { type CrmUser } from '../support/crm-user.js';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { StreamClient } from '../integration/streams/stream-client.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { WriteLoad } from '../support/books/write-load.js';

const OUTAGES = 3;

describe('a crash of PostgreSQL under load', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let user: CrmUser;
  let consumer: EventConsumer;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, postgres: true });
    [api, worker] = await Promise.all([crm.api(), crm.worker()]);
    user = crm.user(api);
    consumer = await crm.consumer('test.database-restart');
  });

  afterAll(() => crm.discard());

  it(
    'refuses requests with 503 until PostgreSQL is back, and loses no acknowledged change',
    withFailureOutput(async () => {
      const stream = await StreamClient.open(api.port, { token: user.token });
      const load = await WriteLoad.begin(user, { perSecond: 300, writers: 12 });
      for (let outage = 0; outage < OUTAGES; outage++) {
        await load.acknowledge(100);
        const refusedBefore = load.refused.length;
        await crm.databaseServer.kill();
        await until(() => load.refused.length >= refusedBefore + 20, 60_000);
        expect(await api.readiness()).toBe(503);
        await crm.databaseServer.start();
        await api.ready();
      }
      await load.acknowledge(100);
      await load.end();
      await worker.ready();
      await expectEverythingDelivered(`PostgreSQL killed ${OUTAGES} times`, crm, consumer, load);
      expect(load.unanswered).toEqual([]);
      expect(new Set(load.refused.map(({ status, contentType }) => `${status} ${contentType}`))).toEqual(
        new Set(['503 application/problem+json']),
      );
      await expectStreamMissedNothing(stream);
      await expectProjectionReadAll();
    }),
  );

  /** The connection stayed open during every outage. */
  async function expectStreamMissedNothing(stream: StreamClient): Promise<void> {
    const rows = await crm.database.rows<{ position: string }>(
      'SELECT position FROM crm.event_log WHERE position >= $1 ORDER BY position',
      [stream.frames[0]!.id],
    );
    await until(() => stream.frames.length >= rows.length);
    expect(stream.frames.map(({ id }) => id)).toEqual(rows.map(({ position }) => position));
    expect(stream.isClosed).toBe(false);
    stream.close();
  }

  /** A batch that failed during the outage was retried. */
  async function expectProjectionReadAll(): Promise<void> {
    const unread = `SELECT FROM crm.event_log e, crm.event_cursors c
      WHERE c.name = 'projection/reminders' AND (e.position IS NULL OR e.position > c.position)`;
    await until(async () => (await crm.database.rows(unread)).length === 0, 60_000);
  }
});
