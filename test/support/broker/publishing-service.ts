import type { ModuleMetadata, INestApplicationContext } from '@nestjs/common';
import { type Channel, type ChannelModel, connect, type Options } from 'amqplib';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import {
  createTestDatabase,
  startTestModule,
  type TestDatabase,
  testEnvironment,
  testServer,
  until,
} from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';

/** Messaging of a worker with its own database and exchange, on the broker of the test run. */
export class PublishingService {
  /** Other tests use the same broker. */
  readonly exchange = `test.${newId()}`;
  private app: INestApplicationContext | undefined;
  private readonly queues: string[] = [];

  private constructor(
    readonly url: string,
    readonly database: TestDatabase,
    private readonly connection: ChannelModel,
    readonly channel: Channel,
  ) {}

  /** Opens database and broker; {@link start} starts the worker's messaging. */
  static async open(): Promise<PublishingService> {
    const url = testServer('CRM_TEST_RABBITMQ_URL');
    const connection = await connect(url);
    const channel = await connection.createChannel();
    return new PublishingService(url, await createTestDatabase(MIGRATIONS, { isScripted: true }), connection, channel);
  }

  environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const servers = { databaseUrl: this.database.url, rabbitmqUrl: this.url };
    return testEnvironment(servers, { CRM_EVENTS_EXCHANGE: this.exchange, ...more });
  }

  async start(
    providers: ModuleMetadata['providers'] = [],
    more: Readonly<Record<string, string>> = {},
  ): Promise<INestApplicationContext> {
    this.app = await startTestModule(this.environment(more), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: true })],
      providers,
    });
    return this.app;
  }

  async stop(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    for (const queue of this.queues) await this.channel.deleteQueue(queue);
    await this.channel.deleteExchange(this.exchange);
    await this.connection.close();
    await this.database.drop();
  }

  /** Declares a durable queue and binds it; the exchange must exist. */
  async bind(keys: readonly string[], options: Options.AssertQueue = {}): Promise<string> {
    const { queue } = await this.channel.assertQueue(`${this.exchange}.${newId()}`, { durable: true, ...options });
    this.queues.push(queue);
    for (const key of keys) await this.channel.bindQueue(queue, this.exchange, key);
    return queue;
  }

  /** Appends one event to each stream. @returns their ids. */
  async append(type: string, ...streams: readonly string[]): Promise<string[]> {
    const ids = streams.map(() => newId());
    const changes = streams.map((stream, index) => ({
      stream,
      audience: [],
      at: new Date().toISOString(),
      events: [{ id: ids[index], type, data: { stream } }],
    }));
    await this.database.rows('SELECT crm.append_to_streams($1::jsonb)', [JSON.stringify(changes)]);
    return ids;
  }

  /** Waits until the publisher's cursor has passed every event. */
  async published(): Promise<void> {
    await until(async () => {
      const rows = await this.database.rows(
        `SELECT FROM crm.event_cursors c WHERE name = 'rabbitmq'
           AND position = (SELECT count(*) FROM crm.event_log)`,
      );
      return rows.length === 1;
    });
  }

  /** Waits for the next message of a queue and returns it. */
  async take(queue: string): Promise<{ readonly id: string; readonly key: string; readonly content: string }> {
    const message = await until(() => this.channel.get(queue, { noAck: true }));
    const { properties, fields, content } = message;
    return { id: properties.messageId as string, key: fields.routingKey, content: content.toString() };
  }
}
