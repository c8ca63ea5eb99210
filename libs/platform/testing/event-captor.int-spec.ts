import { type Channel, type ChannelModel, connect } from 'amqplib';
import { newId } from '#platform/kernel';
import { EventCaptor } from './event-captor.js';
import { testServer } from './test-environment.js';

describe('an event captor', () => {
  const url = testServer('CRM_TEST_RABBITMQ_URL');
  const exchange = `test.${newId()}`;
  let connection: ChannelModel;
  let channel: Channel;

  beforeAll(async () => {
    connection = await connect(url);
    channel = await connection.createChannel();
    await channel.assertExchange(exchange, 'topic', { durable: false });
  });
  afterAll(async () => {
    await channel.deleteExchange(exchange);
    await connection.close();
  });

  const publish = async (...keys: string[]) => {
    const confirmed = await connection.createConfirmChannel();
    for (const [index, key] of keys.entries()) {
      const body = Buffer.from(JSON.stringify({ id: key, data: { index } }));
      confirmed.publish(exchange, key, body, {
        contentType: 'application/json',
        messageId: key,
        headers: { event: key },
      });
    }
    await confirmed.waitForConfirms();
    await confirmed.close();
  };

  it('captures the messages of its keys, in order and unchanged', async () => {
    const captor = await EventCaptor.open({ url, exchange, keys: ['deal.#', 'client.*'] });
    await publish('deal.created', 'policy.created', 'client.created', 'client.address.changed', 'deal.quote.created');
    await captor.waitFor(({ routingKey }) => routingKey === 'deal.quote.created');
    expect(captor.events.map(({ routingKey }) => routingKey)).toEqual([
      'deal.created',
      'client.created',
      'deal.quote.created',
    ]);
    expect(captor.events[1]).toEqual({
      routingKey: 'client.created',
      contentType: 'application/json',
      messageId: 'client.created',
      headers: { event: 'client.created' },
      envelope: { id: 'client.created', data: { index: 2 } },
    });
    await captor.close();
  });

  it('says what it waited for in vain', async () => {
    const captor = await EventCaptor.open({ url, exchange, keys: ['#'] });
    await publish('deal.created');
    await expect(captor.waitFor(({ messageId }) => messageId === 'never', 50)).rejects.toThrow('not so within 50 ms');
    expect(await captor.waitForCount(1)).toHaveLength(1);
    await captor.close();
  });

  it('listens to no exchange that is not there', async () => {
    await expect(EventCaptor.open({ url, exchange: 'nowhere', keys: ['#'] })).rejects.toThrow('NOT_FOUND');
  });
});
