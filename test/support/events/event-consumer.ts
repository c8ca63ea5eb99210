import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { connectToBroker } from '#platform/messaging';
import { until } from '#platform/testing';

/** Statistics of received messages. */
export interface DeliveryAccount {
  /** All messages, with redeliveries. */
  readonly delivered: number;
  readonly distinct: number;
  /** Messages with an id that was received before. */
  readonly duplicates: number;
  /** Duplicates that RabbitMQ delivered again because their acknowledgement was lost; the others were sent again. */
  readonly redelivered: number;
  /** First deliveries with a version that is not the next one of their stream. */
  readonly outOfOrder: readonly string[];
  /** Ids received again with other content. */
  readonly changed: readonly string[];
}

interface Envelope {
  readonly id: string;
  readonly subject: string;
  readonly streamversion: number;
}

const RECONNECT_MS = 100;

/**
 * Consumer of another service: a durable queue on `crm.events` and a connection that reconnects after each failure.
 * Acknowledges a message after storing it, so that it loses none itself.
 */
export class EventConsumer {
  /** Every delivery, in order; empty for a consumer that only counts. */
  readonly messages: ConsumeMessage[] = [];
  /** Hash of each event's message, by its id. */
  private readonly contents = new Map<string, string>();
  private delivered = 0;
  private redelivered = 0;
  private readonly versions = new Map<string, number>();
  private readonly outOfOrder: string[] = [];
  private readonly changed: string[] = [];
  private connection: ChannelModel | undefined;
  private running: Promise<void> = Promise.resolve();
  private closing = false;

  private constructor(
    private readonly url: string,
    private readonly queue: string,
    private readonly keys: readonly string[],
    private readonly isCounting: boolean,
  ) {}

  /**
   * Resolves when the queue is bound, so that later events are delivered to it.
   * @param isCounting whether it stores no messages: for hundreds of thousands of them.
   */
  static async open(
    url: string,
    queue: string,
    keys: readonly string[] = ['#'],
    isCounting = false,
  ): Promise<EventConsumer> {
    const consumer = new EventConsumer(url, queue, keys, isCounting);
    let bound = false;
    consumer.running = consumer.run(() => (bound = true));
    await until(() => bound, 60_000);
    return consumer;
  }

  /** Distinct ids of received events. */
  get ids(): ReadonlySet<string> {
    return new Set(this.contents.keys());
  }

  get account(): DeliveryAccount {
    const { delivered, redelivered, outOfOrder, changed } = this;
    const distinct = this.contents.size;
    return { delivered, distinct, duplicates: delivered - distinct, redelivered, outOfOrder, changed };
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.connection?.close().catch(() => undefined);
    await this.running;
  }

  private async run(bound: () => void): Promise<void> {
    while (!this.closing) {
      await this.consume(bound).catch(() => undefined);
      if (!this.closing) await delay(RECONNECT_MS);
    }
  }

  /** Resolves when the connection has ended. */
  private async consume(bound: () => void): Promise<void> {
    const { connection } = await connectToBroker(this.url);
    if (this.closing) return connection.close();
    this.connection = connection;
    const ended = new Promise<void>((resolve) => connection.once('close', resolve));
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.prefetch(200);
    await channel.assertExchange('crm.events', 'topic', { durable: true });
    const replicated = this.url.includes(',') ? { arguments: { 'x-queue-type': 'quorum' } } : {};
    await channel.assertQueue(this.queue, { durable: true, ...replicated });
    for (const key of this.keys) await channel.bindQueue(this.queue, 'crm.events', key);
    await channel.consume(this.queue, (message) => {
      if (!message) return;
      this.note(message);
      channel.ack(message);
    });
    bound();
    await ended;
  }

  private note(message: ConsumeMessage): void {
    this.delivered += 1;
    if (!this.isCounting) this.messages.push(message);
    const { id, subject, streamversion } = JSON.parse(message.content.toString()) as Envelope;
    const hash = createHash('sha1').update(message.content).digest('base64');
    const known = this.contents.get(id);
    if (known !== undefined) {
      if (message.fields.redelivered) this.redelivered += 1;
      if (known !== hash) this.changed.push(id);
      return;
    }
    this.contents.set(id, hash);
    const last = this.versions.get(subject) ?? 0;
    if (streamversion !== last + 1) this.outOfOrder.push(`${subject}: ${streamversion} after ${last}`);
    this.versions.set(subject, Math.max(last, streamversion));
  }
}
