import { AmqpConnection, Nack } from '@golevelup/nestjs-rabbitmq';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { BrokerSettings } from '#platform/config';
import { isUuid } from '#platform/kernel';
import { Log, RequestContext } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DeliveryCounts,
  failuresOf,
  isNearDeliveryLimit,
  publishCopy,
  unsettledOf,
} from '../publishing/deliveries.js';
import type { EventSubscriber, ReceivedEvent, Subscription } from './subscriber.js';
import { Subscriptions } from './subscriptions.js';

/** Failures of its handler after which an event is dead-lettered. */
const MAX_FAILURES = 6;
/**
 * Copies in a row of an event that no delivery has settled, after which it is dead-lettered: its handler probably ends the
 * process. Each copy is delivered twice, so fewer than 40 lost connections in a row do not dead-letter an event.
 */
const MAX_UNSETTLED = 20;
const RETRY_MS = 1_000;

/** A message with where it came from. */
interface Delivery {
  readonly queue: string;
  readonly message: ConsumeMessage;
  readonly channel: ConfirmChannel | undefined;
}

/**
 * Runs our own subscribers on RabbitMQ: a durable quorum queue and a dead-letter queue each.
 * A malformed message is dead-lettered at once, an event after {@link MAX_FAILURES} failures of its handler. A lost
 * connection and an unavailable PostgreSQL are not failures: the event is delivered again when they are back. An event
 * whose deliveries all end without a result is dead-lettered after {@link MAX_UNSETTLED} copies.
 */
@Injectable()
export class RabbitSubscriptions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private bound = 0;
  private channel: ConfirmChannel | undefined;
  /** False from the moment a consumer or the channel is lost until all of them are back. */
  private isWhole = true;
  private isStopping = false;

  constructor(
    private readonly amqp: AmqpConnection,
    private readonly subscriptions: Subscriptions,
    private readonly settings: BrokerSettings,
    private readonly log: Log,
  ) {}

  /** Whether there is a connection to RabbitMQ. */
  get isConnected(): boolean {
    return this.amqp.connected;
  }

  /** Whether every declared subscriber has its consumer, for the readiness probe. */
  get areBound(): boolean {
    return this.amqp.connected && this.isWhole && this.bound === this.subscriptions.all().length;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.subscriptions.record();
    const { managedChannel } = this.amqp;
    managedChannel.on('connect', () => (this.isWhole = true));
    await managedChannel.addSetup((channel: ConfirmChannel) => this.watch(channel));
    const disconnected = once(this.amqp.managedConnection, 'disconnect');
    for (const { subscription, subscriber } of this.subscriptions.all()) {
      const { queue, keys } = subscription;
      const bound = this.amqp.createSubscriber<Buffer>(
        (body, message) => this.receive(subscription, subscriber, body, message),
        {
          exchange: this.settings.exchange,
          routingKey: [...keys],
          queue,
          createQueueIfNotExists: false,
          errorHandler: giveBack,
        },
        subscriber.constructor.name,
      );
      const counted = bound.then(() => (this.bound += 1));
      // Without a connection this is done when there is one.
      if (this.amqp.connected) await Promise.race([counted, disconnected]);
    }
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** Detects a cancelled consumer and a closed channel: the libraries restore neither. */
  private watch(channel: ConfirmChannel): Promise<void> {
    this.channel = channel;
    channel.setMaxListeners(0); // one for each copy that is not confirmed yet
    channel.on('cancel', () => void this.restore(channel));
    // If the connection is lost too, the library reports that in a later turn of the event loop.
    channel.once('close', () => setImmediate(() => void this.restore(channel)));
    return Promise.resolve();
  }

  /** Reconnects, which declares the queues and starts the consumers again; retries until that succeeds. */
  private async restore(channel: ConfirmChannel): Promise<void> {
    this.isWhole = false;
    if (this.isStopping || !this.amqp.connected || this.channel !== channel) return;
    this.channel = undefined;
    this.log.warn({}, 'RabbitMQ cancelled consumers, reconnecting');
    await delay(RETRY_MS);
    if (!this.isStopping) this.amqp.managedConnection.reconnect();
  }

  private async receive(
    { queue }: Subscription,
    subscriber: EventSubscriber,
    body: Buffer | undefined,
    message: ConsumeMessage | undefined,
  ): Promise<Nack | undefined> {
    if (!message) return undefined;
    const delivery = { queue, message, channel: this.channel };
    if (isNearDeliveryLimit(message)) return this.afterUnsettled(delivery);
    const event = parse(body);
    if (!event) {
      this.log.error({ queue, message_id: message.properties.messageId as unknown }, 'malformed message dead-lettered');
      return new Nack(false);
    }
    const traceId = randomBytes(16).toString('hex');
    const facts = { requestId: event.id, traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
    return RequestContext.run(facts, async () => {
      const error = await this.attempt(queue, subscriber, event);
      if (error === undefined) return undefined;
      return isUnavailable(error) ? new Nack(true) : this.afterFailure(error, event, delivery);
    });
  }

  /** @returns the error of the handler; one of an unavailable server only when RabbitMQ is lost too, or on shutdown. */
  private async attempt(queue: string, subscriber: EventSubscriber, event: ReceivedEvent): Promise<unknown> {
    for (;;) {
      try {
        await this.subscriptions.deliver(queue, subscriber, event);
        return undefined;
      } catch (error) {
        if (!isUnavailable(error)) return error ?? new Error('the subscriber failed without an error');
        this.log.warn({ err: error, queue, event_id: event.id, type: event.type }, 'subscriber waits for a server');
        await delay(RETRY_MS);
        if (this.isStopping || !this.amqp.connected) return error;
      }
    }
  }

  private async afterFailure(error: unknown, event: ReceivedEvent, delivery: Delivery): Promise<Nack | undefined> {
    const failures = failuresOf(delivery.message) + 1;
    const facts = { err: error, queue: delivery.queue, event_id: event.id, type: event.type, failures };
    if (failures >= MAX_FAILURES) {
      this.log.error(facts, 'event dead-lettered: its subscriber failed too often');
      return new Nack(false);
    }
    this.log.warn(facts, 'subscriber failed, trying again');
    await delay(RETRY_MS);
    return this.replace(delivery, { failures, unsettled: 0 });
  }

  /** Replaces a message whose deliveries ended with a lost connection or a killed process: RabbitMQ does not distinguish them. */
  private async afterUnsettled(delivery: Delivery): Promise<Nack | undefined> {
    const { queue, message } = delivery;
    const unsettled = unsettledOf(message) + 1;
    if (unsettled <= MAX_UNSETTLED) return this.replace(delivery, { failures: failuresOf(message), unsettled });
    this.log.error(
      { queue, message_id: message.properties.messageId as unknown, copies: MAX_UNSETTLED },
      'event dead-lettered: each delivery ended without a result, its subscriber may end the process',
    );
    return new Nack(false);
  }

  /**
   * Puts a copy of a delivered message into its queue, with the counts in headers; the original is acknowledged once the
   * copy is stored. RabbitMQ counts the deliveries of the copy from 0.
   */
  private async replace({ queue, message, channel }: Delivery, counts: DeliveryCounts): Promise<Nack | undefined> {
    // On another channel the original can't be acknowledged: RabbitMQ delivers it again.
    if (!channel || channel !== this.channel) return new Nack(true);
    return (await publishCopy(channel, queue, message, counts)) ? undefined : new Nack(true);
  }
}

/**
 * Handles an acknowledgement that could not be sent, mostly because the connection was lost: RabbitMQ then delivers the
 * message again automatically. golevelup's own handler would throw, and end the process.
 */
function giveBack(channel: { nack(message: ConsumeMessage): void }, message: ConsumeMessage): void {
  try {
    channel.nack(message);
  } catch {
    // The channel is closed.
  }
}

function parse(body: Buffer | undefined): ReceivedEvent | undefined {
  try {
    const event = JSON.parse(body?.toString() ?? '') as Partial<ReceivedEvent>;
    if (!isUuid(event.id) || typeof event.type !== 'string') return undefined;
    if (typeof event.data !== 'object' || event.data === null) return undefined;
    const { id, type, time, data } = event as ReceivedEvent;
    return { id, type: type.replace(/^crm\./, ''), time, data };
  } catch {
    return undefined;
  }
}
