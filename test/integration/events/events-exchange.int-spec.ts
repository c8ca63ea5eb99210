import { connect } from 'amqplib';
import pg from 'pg';
import { examineBroker, type ExchangeBinding, type Recreation, recreateExchange, UNROUTED } from '#platform/messaging';
import { newId } from '#platform/kernel';
import { PublishingService } from '../../support/broker/publishing-service.js';

const WITH_ALTERNATE = { durable: true, alternateExchange: UNROUTED };

describe('the exchange of events', () => {
  let service: PublishingService;

  beforeEach(async () => {
    service = await PublishingService.open();
  });
  afterEach(() => service.close());

  /** Declares the exchange without arguments, as other services do; RabbitMQ refuses other properties. */
  async function declarePlainly(): Promise<void> {
    const connection = await connect(service.url);
    connection.on('error', () => undefined);
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      await channel.assertExchange(service.exchange, 'topic', { durable: true });
    } finally {
      await connection.close();
    }
  }

  async function recreate(bindings: readonly ExchangeBinding[]): Promise<Recreation | undefined> {
    const client = new pg.Client(service.database.url);
    await client.connect();
    return recreateExchange(client, service.url, service.exchange, bindings);
  }

  async function expectPublished(): Promise<void> {
    const queue = await service.bind(['parcel.#']);
    const [id] = await service.append('parcel.moved', `parcels/${newId()}`);
    expect(await service.take(queue)).toMatchObject({ id, key: 'parcel.moved' });
  }

  it('can be declared without arguments by a service after the worker', async () => {
    await service.start();
    await expect(declarePlainly()).resolves.toBeUndefined();
    await expectPublished();
  });

  it('is accepted by the worker when another service has declared it before', async () => {
    await declarePlainly();
    await service.start();
    await expectPublished();
  });

  it('is used when an older release declared it with an alternate exchange', async () => {
    await service.channel.assertExchange(service.exchange, 'topic', WITH_ALTERNATE);
    await service.start();
    await expectPublished();
  });

  it('loses no binding when it is recreated without arguments', async () => {
    await service.channel.assertExchange(service.exchange, 'topic', WITH_ALTERNATE);
    const queue = await service.bind([]);
    const { difference } = await examineBroker(service.url, service.exchange);
    expect(difference).toContain("inequivalent arg 'alternate-exchange'");
    const binding = { source_name: service.exchange, destination_kind: 'queue', routing_key: 'parcel.*' } as const;
    const gone = { ...binding, destination_name: newId() };
    const others = { ...binding, source_name: newId(), destination_name: queue };
    const kept = { ...binding, destination_name: queue, arguments: [] };
    expect(await recreate([gone, others, kept])).toEqual({
      recreated: true,
      bound: [kept],
      failed: [gone],
    });
    expect((await examineBroker(service.url, service.exchange)).difference).toBeUndefined();
    await service.start();
    const [id] = await service.append('parcel.moved', `parcels/${newId()}`);
    expect(await service.take(queue)).toMatchObject({ id });
    await service.stop();
    expect(await recreate([])).toMatchObject({ recreated: false });
  });

  it('is not recreated while a worker publishes, because bindings are missing meanwhile', async () => {
    await service.channel.assertExchange(service.exchange, 'topic', WITH_ALTERNATE);
    const queue = await service.bind(['parcel.*']);
    await service.start();
    const [id] = await service.append('parcel.moved', `parcels/${newId()}`);
    expect(await service.take(queue)).toMatchObject({ id });
    expect(await recreate([])).toBeUndefined();
    expect((await examineBroker(service.url, service.exchange)).difference).toContain('alternate-exchange');
  });

  it('routes an event without a queue to crm.unrouted before the cursor moves', async () => {
    await service.start();
    const stream = `parcels/${newId()}`;
    const ids = [...(await service.append('parcel.moved', stream)), ...(await service.append('parcel.lost', stream))];
    await service.published();
    // Other tests leave unroutable events there too.
    const kept: string[] = [];
    for (;;) {
      const message = await service.channel.get(UNROUTED, { noAck: true });
      if (!message) break;
      const { event } = message.properties.headers as { event?: string };
      if (ids.includes(message.properties.messageId as string)) kept.push(`${message.properties.messageId} ${event}`);
    }
    expect(kept).toEqual([`${ids[0]} parcel.moved`, `${ids[1]} parcel.lost`]);
  });
});
