import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { BrokerSettings } from '#platform/config';
import { type Channel, type ChannelModel, connect, type Options } from 'amqplib';
import { deadQueueOf } from './queue-names.js';
import { declaredSubscriptions } from '../subscribing/subscriptions.js';

/** Queue of the events that no queue was bound for, and the fanout exchange that keeps their routing keys on the way there. */
export const UNROUTED = 'crm.unrouted';
/** Direct exchange of the messages that a subscriber refused; the routing key is the subscriber's queue. */
export const DEAD_LETTERS = 'crm.dead-letters';

const CONNECT_TIMEOUT_MS = 5_000;
/** AMQP's reply code. */
const NOT_FOUND = 404;

/** A durable exchange without arguments: other services declare the same one. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: 'topic' | 'fanout' | 'direct';
}

/** @param exchange the one events are published to. */
export function exchangesOf(exchange: string): readonly ExchangeDeclaration[] {
  return [
    { name: UNROUTED, type: 'fanout' },
    { name: DEAD_LETTERS, type: 'direct' },
    { name: exchange, type: 'topic' },
  ];
}

/** Declares the exchanges and queues that are missing on RabbitMQ, and leaves existing ones as they are. */
@Injectable()
export class BrokerTopology {
  constructor(
    private readonly settings: BrokerSettings,
    private readonly discovery: DiscoveryService,
  ) {}

  /**
   * Declares everything over a connection of its own. Called before each connection, so that consumers find their queue.
   * @returns the broker's URL.
   * @throws Error when the broker can't be reached or refuses.
   */
  async prepare(): Promise<string> {
    const url = this.settings.url!;
    await withBroker(url, async (connection) => {
      await this.declareExchanges(connection);
      const queues = declaredSubscriptions(this.discovery).map(({ queue }) => queue);
      await Promise.all(queues.map((queue) => declareSubscriberQueue(connection, queue)));
    });
    return url;
  }

  /** Declares what a publisher needs. */
  async declareExchanges(connection: ChannelModel): Promise<void> {
    const exchanges = exchangesOf(this.settings.exchange).map(({ name, type }) =>
      ensure(
        connection,
        (channel) => channel.checkExchange(name),
        (channel) => channel.assertExchange(name, type, { durable: true }),
      ),
    );
    await Promise.all([...exchanges, ensureQueue(connection, UNROUTED, { durable: true })]);
    await onChannel(connection, (channel) => channel.bindQueue(UNROUTED, UNROUTED, ''));
  }
}

/** Runs `work` over a connection that lasts as long as it. */
export async function withBroker<T>(url: string, work: (connection: ChannelModel) => Promise<T>): Promise<T> {
  const connection = await connect(url, { noDelay: true, timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined);
  try {
    return await work(connection);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** Runs `work` on a channel of its own: an operation that RabbitMQ refuses closes the channel. */
export async function onChannel<T>(connection: ChannelModel, work: (channel: Channel) => Promise<T>): Promise<T> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  const result = await work(channel);
  await channel.close();
  return result;
}

/** Messages that are ready in a queue; undefined when there is no such queue. */
export async function depthOf(connection: ChannelModel, queue: string): Promise<number | undefined> {
  return (await found(connection, (channel) => channel.checkQueue(queue)))?.messageCount;
}

/** What a passive declaration answers; undefined when the object does not exist. */
export async function found<T>(
  connection: ChannelModel,
  check: (channel: Channel) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await onChannel(connection, check);
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** A queue of an older release keeps its arguments: RabbitMQ would refuse a declaration with others. */
async function declareSubscriberQueue(connection: ChannelModel, queue: string): Promise<void> {
  const dead = deadQueueOf(queue);
  await ensureQueue(connection, dead, { durable: true });
  await onChannel(connection, (channel) => channel.bindQueue(dead, DEAD_LETTERS, queue));
  await ensureQueue(connection, queue, {
    durable: true,
    deadLetterExchange: DEAD_LETTERS,
    deadLetterRoutingKey: queue,
    arguments: { 'x-queue-type': 'quorum' },
  });
}

function ensureQueue(connection: ChannelModel, queue: string, options: Options.AssertQueue): Promise<void> {
  return ensure(
    connection,
    (channel) => channel.checkQueue(queue),
    (channel) => channel.assertQueue(queue, options),
  );
}

async function ensure(
  connection: ChannelModel,
  check: (channel: Channel) => Promise<object>,
  declare: (channel: Channel) => Promise<object>,
): Promise<void> {
  if (await found(connection, check)) return;
  try {
    await onChannel(connection, declare);
  } catch (error) {
    // Another service may have declared it meanwhile, with other properties.
    if (!(await found(connection, check))) throw error;
  }
}
