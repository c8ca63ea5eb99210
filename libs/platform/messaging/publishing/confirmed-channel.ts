import { setTimeout as delay } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable } from '@nestjs/common';
import { BrokerSettings, HttpSettings } from '#platform/config';
import type { ChannelModel, ConfirmChannel, Message as ReturnedMessage, Options } from 'amqplib';
import { BrokerTopology, UNROUTED } from '../broker/broker-topology.js';
import { attributesOf, CLOUD_EVENT_CONTENT_TYPE, envelopeOf } from '../events/cloud-event.js';
import type { LoggedEvent } from '../outbox/log-reader.js';

/** AMQP's reply code. */
const NOT_FOUND = 404;
/** amqplib's text of the error that stands for basic.nack. */
const NACKED = 'message nacked';

/** Exchange, routing key and headers of the events of a channel. */
interface Route {
  readonly exchange: string;
  readonly keyOf: (event: LoggedEvent) => string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** An event as AMQP carries it. */
interface Message {
  readonly body: Buffer;
  readonly options: Options.Publish;
}

/** The queue that events were to be sent to is not there. */
export class QueueMissingError extends Error {
  override readonly name = 'QueueMissingError';

  constructor(queue: string) {
    super(`there is no queue ${queue}: its consumer declares it`);
  }
}

/**
 * Confirm channel on golevelup's connection; after any error it is discarded and not reopened. golevelup's managed channel
 * can't be used: its publishes hang after the server has closed it.
 */
export class ConfirmedChannel {
  private readonly failed = new AbortController();
  /** Ids of events that were returned and not confirmed yet. */
  private readonly returned = new Set<string>();

  constructor(
    private readonly channel: ConfirmChannel,
    private readonly route: Route,
    private readonly publicUrl: string,
    private readonly confirmTimeoutMs: number,
  ) {
    channel.on('error', (error: Error) => this.failed.abort(error));
    channel.on('close', () => this.failed.abort(new Error('the channel was closed')));
    channel.on('return', (message: ReturnedMessage) => this.onReturn(message));
  }

  /** Aborted, with the reason, when what was sent may not be confirmed any more. */
  get signal(): AbortSignal {
    return this.failed.signal;
  }

  /** Gives it up for `reason`: nothing sent through it counts as confirmed any more. */
  abandon(reason: Error): void {
    this.failed.abort(reason);
  }

  /**
   * Sends an event: persistent, mandatory.
   * @param confirmed called when the broker has stored it; an event that no queue was bound for is stored in the
   *   queue of unroutable events first.
   * @param refused called when a queue did not take it; when left out, a refusal fails the whole channel.
   */
  send(event: LoggedEvent, confirmed: () => void, refused?: () => void): void {
    if (this.signal.aborted) return;
    // Under a memory alarm the broker confirms nothing and closes nothing.
    const deadline = setTimeout(() => {
      this.failed.abort(new Error(`no confirm within ${this.confirmTimeoutMs} ms`));
    }, this.confirmTimeoutMs).unref();
    const message = this.messageOf(event);
    const settle = (error: unknown): void => {
      // A message is returned before it is confirmed.
      if (!error && this.returned.delete(event.id)) return this.publish(UNROUTED, event.type, message, settle);
      clearTimeout(deadline);
      if (this.signal.aborted) return;
      if (!error) confirmed();
      else if (refused && (error as Error).message === NACKED) refused();
      else this.failed.abort(refusalOf(error as Error, event));
    };
    this.publish(this.route.exchange, this.route.keyOf(event), message, settle);
  }

  private publish(exchange: string, key: string, message: Message, settle: (error: unknown) => void): void {
    try {
      this.channel.publish(exchange, key, message.body, message.options, settle);
    } catch (error) {
      settle(error);
    }
  }

  private messageOf(event: LoggedEvent): Message {
    const attributes = attributesOf(event, this.publicUrl);
    const headers: Record<string, unknown> = { ...this.route.headers, event: event.type };
    for (const [name, value] of Object.entries(attributes)) headers[`cloudEvents_${name}`] = value;
    const options = {
      persistent: true,
      mandatory: true,
      contentType: CLOUD_EVENT_CONTENT_TYPE,
      messageId: event.id,
      type: attributes.type,
      timestamp: Math.floor(Date.parse(event.time) / 1000),
      headers,
    };
    return { body: Buffer.from(envelopeOf(attributes, event.data)), options };
  }

  /** The default exchange routes to the queue that the key names, the one of unroutable events to theirs. */
  private onReturn({ fields, properties }: ReturnedMessage): void {
    if (fields.exchange === '') this.abandon(new QueueMissingError(fields.routingKey));
    else if (fields.exchange === UNROUTED) this.abandon(new QueueMissingError(UNROUTED));
    else this.returned.add(properties.messageId as string);
  }

  /** Resolves in any case: a channel whose connection dies while it closes never answers. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.channel.once('close', resolve));
    const answered = Promise.resolve()
      .then(() => this.channel.close())
      .catch(() => undefined);
    await Promise.race([answered, closed, delay(this.confirmTimeoutMs, undefined, { ref: false })]);
  }
}

function refusalOf(error: Error, { id, type }: LoggedEvent): Error {
  return error.message === NACKED ? new Error(`RabbitMQ refused event ${id} (${type}): the queue is full`) : error;
}

/** Opens {@link ConfirmedChannel}s while there is a connection. */
@Injectable()
export class ConfirmedChannels {
  constructor(
    private readonly amqp: AmqpConnection,
    private readonly broker: BrokerSettings,
    private readonly http: HttpSettings,
    private readonly topology: BrokerTopology,
  ) {}

  /** Whether golevelup's connection, which reconnects automatically, is open. */
  get isConnected(): boolean {
    return this.amqp.connected;
  }

  /**
   * A channel to the exchange of events.
   * @throws Error when the broker doesn't answer in time, as under a memory alarm.
   */
  async open(): Promise<ConfirmedChannel> {
    const { exchange } = this.broker;
    await this.inTime(this.topology.declareExchanges(this.connection));
    return this.confirmed(await this.channel(), { exchange, keyOf: ({ type }) => type, headers: {} });
  }

  /**
   * A channel that sends to one queue what was published before, under the same ids and with the header `replayed`.
   * @throws QueueMissingError; Error when the broker doesn't answer in time.
   */
  async openTo(queue: string): Promise<ConfirmedChannel> {
    const channel = await this.channel();
    // The call that RabbitMQ refuses rejects with the same error.
    channel.on('error', () => undefined);
    try {
      await channel.checkQueue(queue);
    } catch (error) {
      throw (error as { code?: unknown }).code === NOT_FOUND ? new QueueMissingError(queue) : error;
    }
    return this.confirmed(channel, { exchange: '', keyOf: () => queue, headers: { replayed: true } });
  }

  private confirmed(channel: ConfirmChannel, route: Route): ConfirmedChannel {
    return new ConfirmedChannel(channel, route, this.http.publicUrl!, this.broker.confirmTimeoutMs);
  }

  private channel(): Promise<ConfirmChannel> {
    return this.inTime(this.connection.createConfirmChannel());
  }

  /** amqplib's connection, whose type golevelup narrows. */
  private get connection(): ChannelModel {
    return this.amqp.connection as unknown as ChannelModel;
  }

  private inTime<T>(work: Promise<T>): Promise<T> {
    const { confirmTimeoutMs } = this.broker;
    const late = delay(confirmTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`no answer within ${confirmTimeoutMs} ms`);
    });
    return Promise.race([work, late]);
  }
}
