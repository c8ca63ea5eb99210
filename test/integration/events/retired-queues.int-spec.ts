import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { type ChannelModel, connect } from 'amqplib';
import { BusModule } from '#platform/cqrs';
import { MessagingModule, RabbitSubscriptions } from '#platform/messaging';
import {
  createTestDatabase,
  startTestModule,
  type TestDatabase,
  testEnvironment,
  testServer,
  until,
} from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';

const EXCHANGE = `test.${randomUUID()}`;
const QUEUES = ['crm.worker.deal-reviews', 'crm.worker.payment-reminders', 'crm.worker.payment-reminders.dead'];

describe('queues of subscribers of earlier releases', () => {
  let database: TestDatabase;
  let connection: ChannelModel;
  let app: INestApplicationContext;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    const rabbitmqUrl = testServer('CRM_TEST_RABBITMQ_URL');
    connection = await connect(rabbitmqUrl);
    const channel = await connection.createConfirmChannel();
    for (const queue of QUEUES) {
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      channel.sendToQueue(queue, Buffer.from('{}'));
    }
    await channel.waitForConfirms();
    await channel.close();
    const env = testEnvironment({ databaseUrl: database.url, rabbitmqUrl }, { CRM_EVENTS_EXCHANGE: EXCHANGE });
    app = await startTestModule(env, {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: true })],
    });
  });

  afterAll(async () => {
    await app.close();
    const channel = await connection.createChannel();
    await channel.deleteExchange(EXCHANGE);
    await connection.close();
    await database.drop();
  });

  async function exists(queue: string): Promise<boolean> {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    return channel.checkQueue(queue).then(
      () => channel.close().then(() => true),
      () => false,
    );
  }

  it.each(QUEUES)('are deleted by the worker, which stays connected: %s', async (queue) => {
    await until(async () => !(await exists(queue)));
    expect(app.get(RabbitSubscriptions).areBound).toBe(true);
  });
});
