import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { BrokerSettings, splitUrls } from '#platform/config';
import { type Channel, type ChannelModel, connect, type Options } from 'amqplib';
import { isMisconfigured } from './broker-errors.js';
import { deadQueueOf } from './queue-names.js';
import { declaredSubscriptions } from '../subscribing/subscriptions.js';

/** Queue of the events that no queue was bound for, and the fanout exchange that keeps their routing keys on the way there. */
export const UNROUTED = 'crm.unrouted';
/** Direct exchange of the messages that a subscriber refused; the routing key is the subscriber's queue. */
export const DEAD_LETTERS = 'crm.dead-letters';

/** More returns than any message gets; RabbitMQ 4 drops a message of a quorum queue without a limit after 20 of them. */
const RETURNS = 1_000_000;
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
   * @returns the URL of the node that answered.
   * @throws Error when the broker can't be reached or refuses.
   */
  async prepare(): Promise<string> {
    return withBroker(this.settings.url!, async (connection, node) => {
      await this.declareExchanges(connection);
      const queues = declaredSubscriptions(this.discovery).map(({ queue }) => queue);
      await Promise.all(queues.map((queue) => declareSubscriberQueue(connection, queue, this.storage)));
      return node;
    });
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
    await Promise.all([...exchanges, ensureQueue(connection, UNROUTED, this.storage)]);
    await onChannel(connection, (channel) => channel.bindQueue(UNROUTED, UNROUTED, ''));
  }

  /** Properties of the queues without a consumer. With several nodes their messages survive the loss of one. */
  private get storage(): Options.AssertQueue {
    if (splitUrls(this.settings.url!).length === 1) return { durable: true };
    return { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': RETURNS } };
  }
}

/**
 * Connects to the first node that answers.
 * @param urls with commas between.
 * @throws Error of a node, if there is one, that may answer later; else of the first node.
 */
export async function connectToBroker(
  urls: string,
  timeoutMs = CONNECT_TIMEOUT_MS,
): Promise<{ readonly connection: ChannelModel; readonly node: string }> {
  const reasons: unknown[] = [];
  for (const node of splitUrls(urls)) {
    try {
      const connection = await connect(node, { noDelay: true, timeout: timeoutMs });
      connection.on('error', () => undefined);
      return { connection, node };
    } catch (error) {
      reasons.push(error);
    }
  }
  throw reasons.find((reason) => !isMisconfigured(reason)) ?? reasons[0];
}

/** Runs `work` over a connection that lasts as long as it, with the URL of its node. */
export async function withBroker<T>(
  urls: string,
  work: (connection: ChannelModel, node: string) => Promise<T>,
): Promise<T> {
  const { connection, node } = await connectToBroker(urls);
  try {
    return await work(connection, node);
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
async function declareSubscriberQueue(
  connection: ChannelModel,
  queue: string,
  storage: Options.AssertQueue,
): Promise<void> {
  const dead = deadQueueOf(queue);
  await ensureQueue(connection, dead, storage);
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
