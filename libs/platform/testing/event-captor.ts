import { type Channel, type ChannelModel, connect, type ConsumeMessage } from 'amqplib';
import { until } from './until.js';

/** One message as it came from the broker. */
export interface CapturedEvent {
  readonly routingKey: string;
  readonly contentType: string;
  /** AMQP `message_id`. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The CloudEvent. */
  readonly envelope: Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> };
}

/** Where to listen, and for what. */
export interface Capture {
  /** AMQP URL. */
  readonly url: string;
  /** Routing keys, `*` for one word and `#` for any number. */
  readonly keys: readonly string[];
  readonly exchange?: string;
}

/** Captures the messages of an exchange, in order. */
export class EventCaptor {
  private readonly captured: CapturedEvent[] = [];

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
  ) {}

  /**
   * Binds a queue of its own: what is published after this has resolved is captured.
   * @throws Error when there is no such exchange, which the publishing program declares: start it first.
   */
  static async open({ url, keys, exchange = 'crm.events' }: Capture): Promise<EventCaptor> {
    const connection = await connect(url, { noDelay: true });
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      const captor = new EventCaptor(connection, channel);
      const { queue } = await channel.assertQueue('', { exclusive: true });
      for (const key of keys) await channel.bindQueue(queue, exchange, key);
      await channel.consume(queue, (message) => message && captor.capture(message), { noAck: true });
      return captor;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** All that has come so far. */
  get events(): readonly CapturedEvent[] {
    return this.captured;
  }

  /**
   * Waits for an event.
   * @returns the first that `isMeant` says yes to.
   */
  waitFor(isMeant: (event: CapturedEvent) => boolean, deadlineMs?: number): Promise<CapturedEvent> {
    return until(() => this.captured.find(isMeant), deadlineMs);
  }

  /** Waits until `count` events have come that `isMeant` says yes to, and returns those. */
  async waitForCount(
    count: number,
    isMeant: (event: CapturedEvent) => boolean = () => true,
    deadlineMs?: number,
  ): Promise<readonly CapturedEvent[]> {
    await until(() => this.captured.filter(isMeant).length >= count, deadlineMs);
    return this.captured.filter(isMeant);
  }

  async close(): Promise<void> {
    await this.channel.close();
    await this.connection.close();
  }

  private capture({ fields, properties, content }: ConsumeMessage): void {
    this.captured.push({
      routingKey: fields.routingKey,
      contentType: properties.contentType as string,
      messageId: properties.messageId as string,
      headers: properties.headers ?? {},
      envelope: JSON.parse(content.toString()) as CapturedEvent['envelope'],
    });
  }
}
