import { type Channel, type ChannelModel, connect, type ConsumeMessage } from 'amqplib';
import type { TestDatabase } from '#platform/testing';

/** What a service stores of an event. */
interface StoredEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Name of a subscriber's queue and the exchange it is bound to. */
interface Subscription {
  readonly exchange: string;
  readonly queue: string;
  readonly key: string;
}

/** Subscribes as other services do: declares the exchange and a durable queue plainly, and stores each event by its id. */
export class NeighbourService {
  /** Deliveries, with those of events that it has stored already. */
  deliveries = 0;
  /** Messages that it could not store; it requeues them for ever. */
  failures = 0;
  /** Whether it dies before it acknowledges. */
  isDying = false;
  private isConnected = false;
  private connection!: ChannelModel;
  private channel!: Channel;

  private constructor(
    private readonly url: string,
    private readonly subscription: Subscription,
    private readonly database: TestDatabase,
  ) {}

  static async open(url: string, subscription: Subscription, database: TestDatabase): Promise<NeighbourService> {
    await database.rows('CREATE SCHEMA IF NOT EXISTS neighbour');
    await database.rows(
      `CREATE TABLE IF NOT EXISTS neighbour.events (queue text, id uuid, source text NOT NULL, type text NOT NULL,
         time timestamptz NOT NULL, data jsonb NOT NULL, PRIMARY KEY (queue, id))`,
    );
    const service = new NeighbourService(url, subscription, database);
    await service.connect();
    return service;
  }

  async connect(): Promise<void> {
    const { exchange, queue, key } = this.subscription;
    this.connection = await connect(this.url);
    this.connection.on('error', () => undefined);
    this.channel = await this.connection.createChannel();
    await this.channel.assertExchange(exchange, 'topic', { durable: true });
    await this.channel.assertQueue(queue, { durable: true });
    await this.channel.bindQueue(queue, exchange, key);
    this.isConnected = true;
    // A deleted queue cancels its consumer with null.
    await this.channel.consume(queue, (message) => void (message && this.take(message)));
  }

  stored(): Promise<StoredEvent[]> {
    return this.database.rows<StoredEvent>(
      'SELECT id, source, type, time, data FROM neighbour.events WHERE queue = $1 ORDER BY time, id',
      [this.subscription.queue],
    );
  }

  /** Deletes its queue and its exchange, and disconnects. */
  async close(): Promise<void> {
    this.isConnected = false;
    await this.channel.deleteQueue(this.subscription.queue);
    await this.channel.deleteExchange(this.subscription.exchange);
    await this.connection.close();
  }

  /** Ends without acknowledging: RabbitMQ delivers again. */
  async die(): Promise<void> {
    this.isConnected = false;
    await this.connection.close();
  }

  private async take(message: ConsumeMessage): Promise<void> {
    this.deliveries += 1;
    const { channel } = this;
    try {
      const { id, source, type, time, data } = JSON.parse(message.content.toString()) as StoredEvent;
      await this.database.rows('INSERT INTO neighbour.events VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING', [
        this.subscription.queue,
        id,
        source,
        type,
        time,
        JSON.stringify(data),
      ]);
      if (this.isConnected && !this.isDying) channel.ack(message);
    } catch {
      this.failures += 1;
      if (this.isConnected) channel.nack(message);
    }
  }
}
