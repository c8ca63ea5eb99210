import type { ChannelModel, ConfirmChannel, GetMessage } from 'amqplib';
import { depthOf, UNROUTED, withBroker } from './broker-topology.js';
import { copyOf } from '../publishing/deliveries.js';
import { deadQueueOf } from './queue-names.js';

/** What was moved out of a queue, and what stayed there. */
export interface Redelivery {
  readonly from: string;
  readonly moved: number;
  /** Messages that no queue takes, or that the target refused. */
  readonly left: number;
}

/** Where the messages of a queue go. */
interface Target {
  readonly exchange: string;
  readonly keyOf: (message: GetMessage) => string;
}

/**
 * Moves dead-lettered messages back to their subscriber's queue, or unroutable events to the exchange of events.
 * A message leaves its queue once the broker has stored it elsewhere; messages that come meanwhile stay.
 * @param queue of a subscriber, or `crm.unrouted`.
 * @returns undefined when there is no queue of dead letters.
 * @throws Error when the broker can't be reached.
 */
export function redeliver(url: string, exchange: string, queue: string): Promise<Redelivery | undefined> {
  const isUnrouted = queue === UNROUTED;
  const from = isUnrouted ? UNROUTED : deadQueueOf(queue);
  const target = isUnrouted ? { exchange, keyOf: routingKeyOf } : { exchange: '', keyOf: () => queue };
  return withBroker(url, async (connection) => {
    const depth = await depthOf(connection, from);
    return depth === undefined ? undefined : move(connection, from, depth, target);
  });
}

async function move(connection: ChannelModel, from: string, depth: number, target: Target): Promise<Redelivery> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  let isReturned = false;
  channel.on('return', () => (isReturned = true));
  let moved = 0;
  // Messages that stay are given back at the end: given back at once, they would come again.
  const kept: GetMessage[] = [];
  for (let taken = 0; taken < depth; taken++) {
    const message = await channel.get(from);
    if (!message) break;
    isReturned = false;
    const isConfirmed = await send(channel, message, target);
    if (isConfirmed && !isReturned) {
      channel.ack(message);
      moved += 1;
    } else kept.push(message);
  }
  for (const message of kept) channel.nack(message);
  await channel.close();
  return { from, moved, left: kept.length };
}

/** @returns whether the broker confirmed it; a message that no queue takes is returned before. */
function send(channel: ConfirmChannel, message: GetMessage, { exchange, keyOf }: Target): Promise<boolean> {
  const options = { ...copyOf(message), mandatory: true };
  return new Promise((resolve) => {
    channel.publish(exchange, keyOf(message), message.content, options, (error: unknown) => resolve(!error));
  });
}

function routingKeyOf({ fields }: GetMessage): string {
  return fields.routingKey;
}
