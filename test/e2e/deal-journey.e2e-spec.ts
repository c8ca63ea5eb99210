import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { until } from '#platform/testing';
import { faultsOf } from '../support/events/cloud-event-check.js';
import { type CrmUser, type DealBody } from '../support/crm-user.js';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { StreamClient } from '../integration/streams/stream-client.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const OVERDUE = '2020-01-01';

interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly position: string;
  readonly streamversion: number;
  readonly traceparent: string;
  readonly actorid?: string;
  readonly data: { readonly deal_id: string; readonly client_id: string; readonly deal: DealBody };
}

describe('a deal with RabbitMQ, Redis and PostgreSQL', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let seller: CrmUser;
  let consumer: EventConsumer;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true, redis: true });
    [api, worker] = await Promise.all([crm.api(), crm.worker()]);
    seller = crm.user(api);
    consumer = await crm.consumer('test.reports', ['deal.#']);
  });

  afterAll(() => crm.discard());

  const envelopes = (): Envelope[] =>
    consumer.messages.map(({ content }) => JSON.parse(content.toString()) as Envelope);

  const delivered = (type: string, dealId: string): Promise<Envelope> =>
    until(() => envelopes().find((event) => event.type === `crm.${type}` && event.data.deal_id === dealId));

  it(
    'is published to another service as a CloudEvent with actor and trace id',
    withFailureOutput(async () => {
      const headers = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, 'x-request-id': 'order-66' };
      const deal = { client_id: await seller.addClient(), title: 'КАСКО', next_review_at: '2099-01-01' };
      const opened = await seller.post<DealBody>('/deals', deal, headers);
      expect(opened.status).toBe(201);
      expect(opened.headers['x-request-id']).toBe('order-66');
      const event = await delivered('deal.created', opened.body.id);
      expect(event).toMatchObject({
        subject: `deals/${opened.body.id}`,
        streamversion: 1,
        actorid: seller.id,
        data: { deal_id: opened.body.id, client_id: deal.client_id, deal: opened.body },
      });
      expect(event.traceparent).toMatch(new RegExp(`^00-${TRACE}-`));
      expect(consumer.messages.flatMap(faultsOf)).toEqual([]);
    }),
  );

  it(
    'publishes the same change to RabbitMQ, the event stream and the journal',
    withFailureOutput(async () => {
      const { id } = await seller.openDeal(await seller.addClient());
      const stream = await StreamClient.open(api.port, { token: seller.token, query: `deal_id=${id}` });
      await seller.patch(`/deals/${id}/stage`, { stage: 'proposal' });
      const event = await delivered('deal.stage_changed', id);
      const frame = await until(() => stream.frames.find(({ id: position }) => position === event.position));
      stream.close();
      expect(frame.event).toBe('deal.stage_changed');
      expect(frame.data).toMatchObject({ id: event.id, type: event.type, position: event.position, data: event.data });
      const journal = await seller.get<{ items: { seq: number; body: string }[] }>(`/deals/${id}/journal`);
      expect(journal.body.items.map(({ seq, body }) => `${seq} ${body}`)).toEqual([
        '1 Deal opened',
        '2 Stage changed from qualification to proposal',
      ]);
    }),
  );

  it(
    'loses no event when a stream is resumed after its last event id',
    withFailureOutput(async () => {
      const { id } = await seller.openDeal(await seller.addClient());
      const rename = (n: number) => seller.patch(`/deals/${id}`, { title: `КАСКО ${n}` });
      const first = await StreamClient.open(api.port, { token: seller.token, query: `deal_id=${id}` });
      await rename(1);
      await until(() => first.frames.some(({ event }) => event === 'deal.updated'));
      first.close();
      for (const n of [2, 3]) await rename(n);
      const lastEventId = first.lastEventId!;
      const second = await StreamClient.open(api.port, { token: seller.token, query: `deal_id=${id}`, lastEventId });
      for (const n of [4, 5]) await rename(n);
      await second.received(4);
      second.close();
      const begin = first.frames[0]!.id;
      const seen = [...first.frames, ...second.frames].map((frame) => [frame.id, frame.data.stream_version]);
      const logged = await crm.database.rows<{ position: string; stream_version: number }>(
        'SELECT position, stream_version FROM crm.event_log WHERE deal_id = $1 AND position >= $2 ORDER BY position',
        [id, begin],
      );
      expect(seen).toEqual(logged.map((row) => [row.position, row.stream_version]));
    }),
  );

  it(
    'gets one reminder on the day of its review, without an own job',
    withFailureOutput(async () => {
      const { id } = await seller.openDeal(await seller.addClient(), OVERDUE);
      const reminder = await delivered('deal.review_due', id);
      expect(reminder.data).toMatchObject({ kind: 'overdue', assignee_ids: [seller.id], deal: { id } });
      await seller.patch(`/deals/${id}`, { title: 'Still to be looked at' });
      const update = await delivered('deal.updated', id);
      const cursor = `SELECT FROM crm.event_cursors WHERE name = 'projection/reminders' AND position >= $1`;
      await until(async () => (await crm.database.rows(cursor, [update.position]))[0]);
      expect(await crm.database.rows('SELECT FROM crm.job_requests WHERE payload::text LIKE $1', [`%${id}%`])).toEqual(
        [],
      );
      const reminders = 'SELECT id FROM crm.event_log WHERE type = $1 AND deal_id = $2';
      expect(await crm.database.rows(reminders, ['deal.review_due', id])).toEqual([{ id: reminder.id }]);
      expect(faultsOf(consumer.messages.at(-1)!)).toEqual([]);
      expect(await bullKeys()).not.toEqual([]);
      expect(await crm.database.rows(`SELECT FROM pg_namespace WHERE nspname = 'bull'`)).toEqual([]);
    }),
  );

  it(
    'stores events without a bound queue in crm.unrouted',
    withFailureOutput(async () => {
      const clientId = await seller.addClient();
      await until(async () => (await worker.metric('crm_unrouted_messages'))! > 0);
      const connection = await connect(crm.broker.url);
      const channel = await connection.createChannel();
      const unrouted = await until(async () => {
        const message = await channel.get('crm.unrouted', { noAck: true });
        return message && message.content.toString().includes(clientId) && message;
      });
      await connection.close();
      expect(faultsOf(unrouted as never)).toEqual([]);
      expect(unrouted.fields.routingKey).toBe('client.created');
      expect(consumer.messages.filter(({ fields }) => fields.routingKey.startsWith('client.'))).toEqual([]);
    }),
  );

  it(
    'is delivered to the consumer in order, each event once',
    withFailureOutput(async () => {
      expect(consumer.account).toMatchObject({ duplicates: 0, outOfOrder: [], changed: [] });
    }),
  );

  async function bullKeys(): Promise<string[]> {
    const redis = new Redis(crm.queues.url);
    const keys = await redis.keys('crm:{deal-reviews}:*');
    redis.disconnect();
    return keys;
  }
});
