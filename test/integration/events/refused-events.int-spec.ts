import type { INestApplicationContext } from '@nestjs/common';
import { newId } from '#platform/kernel';
import { ParkedEvents } from '#platform/messaging';
import { Metrics } from '#platform/observability';
import { until } from '#platform/testing';
import { PublishingService } from '../../support/broker/publishing-service.js';
import { QueueDeliveries } from '../../support/broker/queue-deliveries.js';

const DEALS = 300;
const CLIENTS = 700;
/** A queue that accepts one message and refuses further ones. */
const FULL = { maxLength: 1, arguments: { 'x-overflow': 'reject-publish' } };

describe('an event that a full queue refuses', () => {
  let service: PublishingService;
  let app: INestApplicationContext;
  let full: string;
  let healthy: QueueDeliveries;
  const deals = Array.from({ length: DEALS }, () => `deals/${newId()}`);

  beforeAll(async () => {
    service = await PublishingService.open();
    app = await service.start();
    full = await service.bind(['deal.#'], FULL);
    healthy = await QueueDeliveries.of(service.channel, await service.bind(['#']));
  });
  afterAll(() => service.close());

  const parked = async () => (await app.get(ParkedEvents).counts()).reduce((sum, { events }) => sum + events, 0);

  const cursor = () => service.database.rows(`SELECT position FROM crm.event_cursors WHERE name = 'rabbitmq'`);
  const isParked = async (id: string) =>
    (await service.database.rows('SELECT FROM crm.parked_events WHERE event_id = $1', [id])).length === 1;

  async function gauge(): Promise<number> {
    const { values } = await app.get(Metrics).registry.getSingleMetric('crm_parked_events')!.get();
    return values.reduce((sum, { value }) => sum + value, 0);
  }

  it('is parked with its stream, while the events of other streams reach the other queues once', async () => {
    const clients = Array.from({ length: CLIENTS }, () => `clients/${newId()}`);
    const created = await service.append('deal.created', ...deals);
    const others = await service.append('client.created', ...clients);
    await service.published();
    await until(() => [...created, ...others].every((id) => healthy.ids.has(id)));
    expect(healthy.events.length - healthy.ids.size).toBeLessThanOrEqual((DEALS + CLIENTS) / 100);
    const updated = await service.append('deal.updated', ...deals);
    await service.published();
    expect(await parked()).toBeGreaterThanOrEqual(2 * DEALS - 4);
    expect(await gauge()).toBe(await parked());
    // Its stream waits, so that a queue never gets an event before an earlier one of the stream.
    expect(updated.filter((id) => healthy.ids.has(id)).length).toBeLessThanOrEqual(4);
  });

  it('is neither lost nor passed by the cursor while PostgreSQL refuses to park it', async () => {
    await service.database.rows(`
      CREATE SEQUENCE public.park_attempts;
      CREATE FUNCTION public.refuse_parking() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('public.park_attempts'); RAISE disk_full; END $$;
      CREATE TRIGGER refuse_parking BEFORE INSERT ON crm.parked_events EXECUTE FUNCTION public.refuse_parking()`);
    const [last] = await cursor();
    const [refused] = await service.append('deal.closed', `deals/${newId()}`);
    // A rolled back insert does not reset the sequence: two channels have tried to park the event.
    await until(async () => {
      const [row] = await service.database.rows<{ attempts: string }>(
        'SELECT last_value AS attempts FROM public.park_attempts',
      );
      return Number(row!.attempts) >= 4;
    });
    expect(await cursor()).toEqual([last]);
    await service.database.rows('DROP TRIGGER refuse_parking ON crm.parked_events');
    await until(() => isParked(refused!));
    await service.published();
  });

  it('leaves the metric crm_parked_events unchanged while the table can’t be read', async () => {
    const last = await gauge();
    expect(last).toBeGreaterThan(0);
    await service.database.rows('ALTER TABLE crm.parked_events RENAME COLUMN refusals TO renamed');
    expect(await gauge()).toBe(last);
    await service.database.rows('ALTER TABLE crm.parked_events RENAME COLUMN renamed TO refusals');
  });

  it('is still parked after a restart of the worker', async () => {
    const before = await parked();
    await service.stop();
    app = await service.start();
    const [client] = await service.append('client.created', `clients/${newId()}`);
    await until(() => healthy.ids.has(client!));
    expect(await parked()).toBeGreaterThanOrEqual(before - 2);
  });

  it('is published in the order of its stream when the queue accepts messages again', async () => {
    const late = await QueueDeliveries.of(service.channel, full);
    await app.get(ParkedEvents).retryNow();
    await until(async () => (await parked()) === 0);
    await until(() => late.ids.size === 2 * DEALS + 1);
    const more = await service.append('deal.deleted', ...deals);
    await until(() => more.every((id) => healthy.ids.has(id) && late.ids.has(id)));
    expect(late.outOfOrder).toEqual([]);
    expect(healthy.outOfOrder).toEqual([]);
    expect(await parked()).toBe(0);
  });
});
