import { AmqpConnection, Nack } from '@golevelup/nestjs-rabbitmq';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { BrokerSettings } from '#platform/config';
import { isUuid } from '#platform/kernel';
import { Log, RequestContext } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DEAD_LETTERS } from './broker-topology.js';
import type { EventSubscriber, ReceivedEvent, Subscription } from './subscriber.js';
import { Subscriptions } from './subscriptions.js';

/** Deliveries after which a message that always fails is put aside. */
const DELIVERY_LIMIT = 5;
const RETRY_MS = 1_000;

/**
 * Runs our own subscribers on RabbitMQ: durable quorum queues with a delivery limit and a dead-letter queue each.
 * What is malformed is put aside at once; what fails because PostgreSQL is away waits for it.
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

  /** Whether every declared subscriber has its consumer; readiness asks. */
  get areBound(): boolean {
    return this.amqp.connected && this.isWhole && this.bound === this.subscriptions.all().length;
  }

  /** @throws Error when a queue can't be declared, e.g. because it is there with other arguments. */
  async onApplicationBootstrap(): Promise<void> {
    const { managedChannel } = this.amqp;
    managedChannel.on('connect', () => (this.isWhole = true));
    await managedChannel.addSetup((channel: ConfirmChannel) => this.watch(channel));
    for (const { subscription, subscriber } of this.subscriptions.all()) {
      const { queue, keys } = subscription;
      const queueOptions = optionsOf(queue);
      await managedChannel.addSetup((channel: ConfirmChannel) => declare(channel, queue, queueOptions));
      await this.amqp.createSubscriber<Buffer>(
        (body, message) => this.receive(subscription, subscriber, body, message),
        { exchange: this.settings.exchange, routingKey: [...keys], queue, queueOptions, errorHandler: giveBack },
        subscriber.constructor.name,
      );
      this.bound += 1;
    }
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** Neither a consumer that the broker takes away nor a channel that it closes is made anew by the libraries. */
  private watch(channel: ConfirmChannel): Promise<void> {
    this.channel = channel;
    channel.on('cancel', () => void this.restore(channel));
    // When the whole connection is lost, it is known to be so a turn later.
    channel.once('close', () => setImmediate(() => void this.restore(channel)));
    return Promise.resolve();
  }

  /** Connects anew, and thereby declares and consumes anew; again and again while that fails. */
  private async restore(channel: ConfirmChannel): Promise<void> {
    this.isWhole = false;
    if (this.isStopping || !this.amqp.connected || this.channel !== channel) return;
    this.channel = undefined;
    this.log.warn({}, 'RabbitMQ took consumers away, connecting anew');
    await delay(RETRY_MS);
    if (!this.isStopping) this.amqp.managedConnection.reconnect();
  }

  private async receive(
    { queue }: Subscription,
    subscriber: EventSubscriber,
    body: Buffer | undefined,
    message: ConsumeMessage | undefined,
  ): Promise<Nack | undefined> {
    const event = parse(body);
    if (!event) {
      this.log.error({ queue, message_id: message?.properties.messageId as unknown }, 'malformed message put aside');
      return new Nack(false);
    }
    const traceId = randomBytes(16).toString('hex');
    const facts = { requestId: event.id, traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
    return RequestContext.run(facts, () => this.attempt(queue, subscriber, event));
  }

  private async attempt(queue: string, subscriber: EventSubscriber, event: ReceivedEvent): Promise<Nack | undefined> {
    for (;;) {
      try {
        await this.subscriptions.deliver(queue, subscriber, event);
        return undefined;
      } catch (error) {
        this.log.warn({ err: error, queue, event_id: event.id, type: event.type }, 'subscriber failed, trying again');
        await delay(RETRY_MS);
        if (!isUnavailable(error) || !this.amqp.connected) return new Nack(true);
      }
    }
  }
}

function optionsOf(queue: string) {
  return {
    durable: true,
    deadLetterExchange: DEAD_LETTERS,
    deadLetterRoutingKey: queue,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT },
  };
}

/** The queue, and the one that takes what is put aside. */
async function declare(channel: ConfirmChannel, queue: string, options: ReturnType<typeof optionsOf>): Promise<void> {
  const dead = `${queue}.dead`;
  await channel.assertQueue(dead, { durable: true });
  await channel.bindQueue(dead, DEAD_LETTERS, queue);
  await channel.assertQueue(queue, options);
}

/**
 * Called when the answer to a delivery could not be sent, mostly because the connection went meanwhile: the broker
 * then delivers again by itself. golevelup's own handler would throw, and end the process.
 */
function giveBack(channel: { nack(message: ConsumeMessage): void }, message: ConsumeMessage): void {
  try {
    channel.nack(message);
  } catch {
    // The channel is closed: there is nobody left to tell.
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
