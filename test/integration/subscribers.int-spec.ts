import { randomUUID } from 'node:crypto';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { type INestApplicationContext, Injectable } from '@nestjs/common';
import { type ChannelModel, connect, type ConfirmChannel, type GetMessage } from 'amqplib';
import { CqrsModule } from '#platform/cqrs';
import {
  type EventSubscriber,
  MessagingModule,
  RabbitSubscriptions,
  type ReceivedEvent,
  Subscribe,
} from '#platform/messaging';
import { Database, statement } from '#platform/persistence';
import {
  createTestDatabase,
  startTrial,
  type TestDatabase,
  testEnvironment,
  testServer,
  until,
} from '#platform/testing';
import { MIGRATIONS } from '../../migrations/index.js';

/** Others use the same broker. */
const RUN = randomUUID();
const EXCHANGE = `trial.${RUN}`;
const [COUNTS, FAILS, WAITS] = ['counts', 'fails', 'waits'].map((name) => `trial.${RUN}.${name}`) as [
  string,
  string,
  string,
];
/** First delivery and five more. */
const MOST_DELIVERIES = 6;

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

  constructor(private readonly database: Database) {}

  async handle({ id }: ReceivedEvent): Promise<void> {
    this.attempts += 1;
    await this.database.query(EFFECT, [id]);
    throw new RangeError('the deal has no executor');
  }
}

/** PostgreSQL is away for it as long as `isAway`. */
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
    app = await startTrial(env, {
      imports: [CqrsModule.forRoot(), MessagingModule.forWorker(true)],
      providers: [CountingSubscriber, FailingSubscriber, WaitingSubscriber],
    });
    connection = await connect(rabbitmqUrl);
    channel = await connection.createConfirmChannel();
  });

  afterAll(async () => {
    await app.close();
    for (const queue of [COUNTS, FAILS, WAITS].flatMap((name) => [name, `${name}.dead`])) {
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
    type: 'crm.trial',
    time: '2026-03-02T06:00:00.000Z',
    data: {},
  });

  async function effectsOf(...ids: readonly string[]): Promise<number> {
    return (await database.rows('SELECT FROM public.effects WHERE event_id = ANY ($1)', [ids])).length;
  }

  function deadLetter(queue: string): Promise<GetMessage> {
    return until(() => channel.get(`${queue}.dead`, { noAck: true }));
  }

  it('deals once with an event that is delivered several times', async () => {
    const repeated = event();
    await publish('counted', ...Array<object>(10).fill(repeated));
    await until(() => effectsOf(repeated.id));
    const later = Array.from({ length: 100 }, () => event());
    await publish('counted', repeated, ...later);
    await until(async () => (await effectsOf(...later.map(({ id }) => id))) === later.length);
    expect(await effectsOf(repeated.id)).toBe(1);
  });

  it('puts aside what is malformed, and goes on with what follows', async () => {
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

  it('that always fails is given up after the delivery limit, with nothing done', async () => {
    const hopeless = event();
    await publish('failed', hopeless);
    const { content, properties } = await deadLetter(FAILS);
    expect(JSON.parse(content.toString())).toEqual(hopeless);
    expect(properties.headers).toMatchObject({ 'x-first-death-reason': 'delivery_limit' });
    expect(app.get(FailingSubscriber).attempts).toBe(MOST_DELIVERIES);
    expect(await effectsOf(hopeless.id)).toBe(0);
    expect(await database.rows('SELECT FROM crm.inbox WHERE event_id = $1', [hopeless.id])).toEqual([]);
  });

  it('that fails because PostgreSQL is away waits for it, however long', async () => {
    const patient = event();
    const subscriber = app.get(WaitingSubscriber);
    await publish('waited', patient);
    await until(() => subscriber.attempts > MOST_DELIVERIES);
    subscriber.isAway = false;
    await until(() => effectsOf(patient.id));
    expect(await effectsOf(patient.id)).toBe(1);
    expect(await channel.get(`${WAITS}.dead`)).toBe(false);
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
