import { randomUUID } from 'node:crypto';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { type ChannelModel, connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { BusModule } from '#platform/cqrs';
import {
  type EventSubscriber,
  MessagingModule,
  RabbitSubscriptions,
  redeliver,
  type ReceivedEvent,
  Subscribe,
} from '#platform/messaging';
import { Metrics } from '#platform/observability';
import { Database, statement } from '#platform/persistence';
import {
  createTestDatabase,
  startTestModule,
  type TestDatabase,
  testEnvironment,
  testServer,
  until,
} from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';

/** Other tests use the same broker. */
const RUN = randomUUID();
const EXCHANGE = `test.${RUN}`;
const [COUNTS, FAILS, WAITS, OLD] = ['counts', 'fails', 'waits', 'old'].map((name) => `test.${RUN}.${name}`) as [
  string,
  string,
  string,
  string,
];
/** First delivery and five retries. */
const MAX_DELIVERIES = 6;
/** As an older release declared the queues of subscribers. */
const OLD_OPTIONS = {
  deadLetterExchange: 'crm.dead-letters',
  deadLetterRoutingKey: OLD,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 5 },
};

const EFFECT = statement('INSERT INTO public.effects (event_id) VALUES ($1::uuid)');

@Injectable()
@Subscribe({ queue: COUNTS, keys: ['counted'] })
class CountingSubscriber implements EventSubscriber {
  constructor(private readonly database: Database) {}

  async handle({ id }: ReceivedEvent): Promise<void> {
    await this.database.query(EFFECT, [id]);
  }
}

@Injectable()
@Subscribe({ queue: FAILS, keys: ['failed'] })
class FailingSubscriber implements EventSubscriber {
  attempts = 0;
  isMended = false;

  constructor(private readonly database: Database) {}

  async handle({ id }: ReceivedEvent): Promise<void> {
    this.attempts += 1;
    await this.database.query(EFFECT, [id]);
    if (!this.isMended) throw new RangeError('the deal has no executor');
  }
}

/** Fails like an outage of PostgreSQL while `isAway`. */
@Injectable()
@Subscribe({ queue: WAITS, keys: ['waited'] })
class WaitingSubscriber implements EventSubscriber {
  isAway = true;
  attempts = 0;

  constructor(private readonly database: Database) {}

  async handle({ id }: ReceivedEvent): Promise<void> {
    this.attempts += 1;
    await this.database.query(EFFECT, [id]);
    if (this.isAway) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  }
}

/** The same on a queue with a delivery limit. */
@Injectable()
@Subscribe({ queue: OLD, keys: ['aged'] })
class OldSubscriber extends WaitingSubscriber {}

describe('a subscriber on RabbitMQ', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  let connection: ChannelModel;
  let channel: ConfirmChannel;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    await database.rows('CREATE TABLE public.effects (event_id uuid NOT NULL)');
    const rabbitmqUrl = testServer('CRM_TEST_RABBITMQ_URL');
    const env = testEnvironment({ databaseUrl: database.url, rabbitmqUrl }, { CRM_EVENTS_EXCHANGE: EXCHANGE });
    connection = await connect(rabbitmqUrl);
    channel = await connection.createConfirmChannel();
    await channel.assertExchange('crm.dead-letters', 'direct', { durable: true });
    await channel.assertQueue(OLD, OLD_OPTIONS);
    app = await startTestModule(env, {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: true })],
      providers: [CountingSubscriber, FailingSubscriber, WaitingSubscriber, OldSubscriber],
    });
  });

  afterAll(async () => {
    await app.close();
    for (const queue of [COUNTS, FAILS, WAITS, OLD].flatMap((name) => [name, `${name}.dead`])) {
      await channel.deleteQueue(queue);
    }
    await channel.deleteExchange(EXCHANGE);
    await connection.close();
    await database.drop();
  });

  async function publish(key: string, ...bodies: readonly (object | string)[]): Promise<void> {
    for (const body of bodies) {
      channel.publish(EXCHANGE, key, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
    }
    await channel.waitForConfirms();
  }

  const event = (id: string = randomUUID()) => ({
    specversion: '1.0',
    id,
    source: '/elsewhere',
    type: 'crm.test',
    time: '2026-03-02T06:00:00.000Z',
    data: {},
  });

  async function effectsOf(...ids: readonly string[]): Promise<number> {
    return (await database.rows('SELECT FROM public.effects WHERE event_id = ANY ($1)', [ids])).length;
  }

  /** The value of a gauge for a queue. */
  async function metric(name: string, queue: string): Promise<number | undefined> {
    const { values } = await app.get(Metrics).registry.getSingleMetric(name)!.get();
    return values.find(({ labels }) => labels.queue === queue)?.value;
  }

  function deadLetter(queue: string): Promise<GetMessage> {
    return until(() => channel.get(`${queue}.dead`, { noAck: true }));
  }

  it('processes once an event that is delivered several times', async () => {
    const repeated = event();
    await publish('counted', ...Array<object>(10).fill(repeated));
    await until(() => effectsOf(repeated.id));
    const later = Array.from({ length: 100 }, () => event());
    await publish('counted', repeated, ...later);
    await until(async () => (await effectsOf(...later.map(({ id }) => id))) === later.length);
    expect(await effectsOf(repeated.id)).toBe(1);
  });

  it('dead-letters a malformed message, and continues with the next one', async () => {
    const malformed = [
      'no JSON',
      '',
      'null',
      { ...event(), id: 'order-66' },
      { ...event(), type: 7 },
      { ...event(), data: 'text' },
      { ...event(), data: null },
    ];
    const good = event();
    await publish('counted', ...malformed, good);
    await until(() => effectsOf(good.id));
    const dead: string[] = [];
    while (dead.length < malformed.length) {
      const { content, properties } = await deadLetter(COUNTS);
      expect(properties.headers).toMatchObject({ 'x-first-death-reason': 'rejected' });
      dead.push(content.toString());
    }
    const sent = malformed.map((body) => (typeof body === 'string' ? body : JSON.stringify(body)));
    expect(dead.sort()).toEqual(sent.sort());
  });

  it('dead-letters an event after six failures, without an effect', async () => {
    const hopeless = event();
    await publish('failed', hopeless);
    const { content, properties } = await deadLetter(FAILS);
    expect(JSON.parse(content.toString())).toEqual(hopeless);
    expect(properties.headers).toMatchObject({ 'x-first-death-reason': 'rejected' });
    expect(app.get(FailingSubscriber).attempts).toBe(MAX_DELIVERIES);
    expect(await effectsOf(hopeless.id)).toBe(0);
    expect(await database.rows('SELECT FROM crm.inbox WHERE event_id = $1', [hopeless.id])).toEqual([]);
  });

  it('processes a dead letter that is redelivered, counting its failures from 0', async () => {
    const mended = event();
    await publish('failed', mended);
    await until(async () => (await channel.checkQueue(`${FAILS}.dead`)).messageCount === 1);
    const subscriber = app.get(FailingSubscriber);
    subscriber.isMended = true;
    expect(await metric('crm_dead_letters', FAILS)).toBe(1);
    expect(await redeliver(testServer('CRM_TEST_RABBITMQ_URL'), EXCHANGE, FAILS)).toMatchObject({ moved: 1, left: 0 });
    await until(() => effectsOf(mended.id));
    expect(await metric('crm_dead_letters', FAILS)).toBe(0);
  });

  it('retries without limit during an outage of PostgreSQL', async () => {
    const patient = event();
    const subscriber = app.get(WaitingSubscriber);
    await publish('waited', patient);
    await until(() => subscriber.attempts > MAX_DELIVERIES);
    subscriber.isAway = false;
    await until(() => effectsOf(patient.id));
    expect(await effectsOf(patient.id)).toBe(1);
    expect(await channel.get(`${WAITS}.dead`)).toBe(false);
  });

  it.each([
    { what: 'its queue', subscriber: WaitingSubscriber, key: 'waited', queue: WAITS },
    { what: 'a queue of an older release with a delivery limit', subscriber: OldSubscriber, key: 'aged', queue: OLD },
  ])('does not dead-letter an event of $what for lost connections', async ({ subscriber: type, key, queue }) => {
    const healthy = event();
    const subscriber = app.get(type);
    subscriber.isAway = true;
    await publish(key, healthy);
    for (let lost = 0; lost < 9; lost++) {
      const { attempts } = subscriber;
      await until(() => subscriber.attempts > attempts);
      // RabbitMQ counts this as a delivery.
      app.get(AmqpConnection).managedConnection.reconnect();
    }
    subscriber.isAway = false;
    await until(() => effectsOf(healthy.id));
    await until(() => app.get(RabbitSubscriptions).areBound);
    expect(await channel.get(`${queue}.dead`)).toBe(false);
  });

  it('dead-letters an event whose deliveries all end without a result, before the process is lost once more', async () => {
    const fatal = event();
    const subscriber = app.get(WaitingSubscriber);
    subscriber.isAway = true;
    // The 20th copy: RabbitMQ returns it when the process or the connection of the consumer is lost.
    const options = { headers: { 'crm-unsettled': 20, 'crm-failures': 5 } };
    channel.publish(EXCHANGE, 'waited', Buffer.from(JSON.stringify(fatal)), options);
    for (let lost = 0; lost < 2; lost++) {
      const { attempts } = subscriber;
      await until(() => subscriber.attempts > attempts);
      app.get(AmqpConnection).managedConnection.reconnect();
    }
    const { content, properties } = await deadLetter(WAITS);
    expect(JSON.parse(content.toString())).toEqual(fatal);
    expect(properties.headers).toMatchObject({ 'x-first-death-reason': 'rejected' });
    await until(() => app.get(RabbitSubscriptions).areBound);
  });

  it('counts the lost deliveries of an event from 0 after its handler has failed', async () => {
    const failing = event();
    app.get(FailingSubscriber).isMended = false;
    channel.publish(EXCHANGE, 'failed', Buffer.from(JSON.stringify(failing)), { headers: { 'crm-unsettled': 20 } });
    const { properties } = await deadLetter(FAILS);
    expect(properties.headers).not.toHaveProperty('crm-unsettled');
    expect(properties.headers).toMatchObject({ 'crm-failures': MAX_DELIVERIES - 1 });
  });

  it.each([
    { what: 'its queue was deleted', lose: () => channel.deleteQueue(COUNTS) },
    { what: 'the broker closed its channel', lose: () => app.get(AmqpConnection).channel.checkQueue(`no.${RUN}`) },
  ])('consumes again after $what, and is not bound meanwhile', async ({ lose }) => {
    const subscriptions = app.get(RabbitSubscriptions);
    expect(subscriptions.areBound).toBe(true);
    await lose().catch(() => undefined);
    await until(() => !subscriptions.areBound);
    await until(() => subscriptions.areBound);
    const later = event();
    await publish('counted', later);
    await until(() => effectsOf(later.id));
  });
});
