import type { ChannelModel } from 'amqplib';
import {
  depthOf,
  type ExchangeDeclaration,
  exchangesOf,
  found,
  onChannel,
  UNROUTED,
  withBroker,
} from './broker-topology.js';

/** AMQP's reply code for a declaration that differs from the existing object. */
const PRECONDITION_FAILED = 406;

/** What is found at a broker. */
export interface BrokerFindings {
  /** Missing or wrong objects, a sentence each. */
  readonly faults: readonly string[];
  /** How the exchange of events differs from a plain declaration, in RabbitMQ's words; undefined when it does not. */
  readonly difference: string | undefined;
  /** Messages in the queue of unroutable events; undefined when there is no such queue. */
  readonly unrouted: number | undefined;
}

/**
 * Examines the exchanges and the queue of unroutable events, and changes none of them.
 * @throws Error when the broker can't be reached.
 */
export function examineBroker(url: string, exchange: string): Promise<BrokerFindings> {
  return withBroker(url, async (connection) => {
    const faults: string[] = [];
    let difference: string | undefined;
    for (const declared of exchangesOf(exchange)) {
      const state = await stateOf(connection, declared);
      if (state === 'missing') faults.push(`the exchange ${declared.name} is missing`);
      else if (state !== 'plain' && declared.name === exchange) difference = state.difference;
      else if (state !== 'plain') faults.push(`the exchange ${declared.name} is not as declared: ${state.difference}`);
    }
    const unrouted = await depthOf(connection, UNROUTED);
    if (unrouted === undefined) faults.push(`the queue ${UNROUTED} is missing`);
    else if (faults.length === 0 && !(await isBound(connection))) {
      faults.push(`the queue ${UNROUTED} is not bound to the exchange ${UNROUTED}`);
    }
    return { faults, difference, unrouted };
  });
}

/** AMQP can't list bindings: a mandatory message is returned when no queue takes it, and has expired when one does. */
async function isBound(connection: ChannelModel): Promise<boolean> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  let isReturned = false;
  channel.on('return', () => (isReturned = true));
  channel.publish(UNROUTED, 'probe', Buffer.from(''), { mandatory: true, expiration: 0 });
  await channel.waitForConfirms(); // a message is returned before it is confirmed
  await channel.close();
  return !isReturned;
}

/**
 * Compares an existing exchange with our declaration: RabbitMQ refuses one that differs, and names the difference.
 * @throws Error when RabbitMQ refuses for another reason, e.g. a missing permission, or the connection is lost.
 */
export async function stateOf(
  connection: ChannelModel,
  { name, type }: ExchangeDeclaration,
): Promise<'missing' | 'plain' | { readonly difference: string }> {
  if (!(await found(connection, (channel) => channel.checkExchange(name)))) return 'missing';
  try {
    await onChannel(connection, (channel) => channel.assertExchange(name, type, { durable: true }));
    return 'plain';
  } catch (error) {
    if ((error as { code?: unknown }).code !== PRECONDITION_FAILED) throw error;
    return { difference: /inequivalent arg [^"]+/.exec((error as Error).message)?.[0] ?? (error as Error).message };
  }
}
