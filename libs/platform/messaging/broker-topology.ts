import { type ChannelModel, connect } from 'amqplib';

/** Takes what nobody bound, so that an event without a subscriber yet is kept. */
export const UNROUTED = 'crm.unrouted';
/** Takes what a subscriber could not deal with, under its queue's name. */
export const DEAD_LETTERS = 'crm.dead-letters';

/** What RabbitMQ must have for events to arrive or be kept. */
export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: 'topic' | 'fanout' | 'direct';
  readonly options: { readonly durable: true; readonly alternateExchange?: string };
}

/** @param exchange the one events are published to. */
export function exchangesOf(exchange: string): readonly ExchangeDeclaration[] {
  return [
    { name: UNROUTED, type: 'fanout', options: { durable: true } },
    { name: DEAD_LETTERS, type: 'direct', options: { durable: true } },
    { name: exchange, type: 'topic', options: { durable: true, alternateExchange: UNROUTED } },
  ];
}

/** What is found at a broker. */
export interface BrokerFindings {
  /** What is not as it should be, a sentence each. */
  readonly faults: readonly string[];
  /** Messages in the queue of what nobody bound; undefined when there is no such queue. */
  readonly unrouted: number | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Looks at the exchanges, the queue of what nobody bound, and its binding, and changes none of them.
 * @throws Error when the broker can't be reached.
 */
export async function examineBroker(url: string, exchange: string): Promise<BrokerFindings> {
  const connection = await connect(url, { noDelay: true, timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined);
  try {
    const faults: string[] = [];
    for (const declared of exchangesOf(exchange)) faults.push(...(await faultOf(connection, declared)));
    const unrouted = await depthOf(connection);
    if (unrouted === undefined) faults.push(`the queue ${UNROUTED} is missing`);
    else if (faults.length === 0 && !(await isBound(connection))) {
      faults.push(`the queue ${UNROUTED} is not bound to the exchange ${UNROUTED}`);
    }
    return { faults, unrouted };
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function faultOf(connection: ChannelModel, { name, type, options }: ExchangeDeclaration): Promise<string[]> {
  const isThere = await tried(connection, (channel) => channel.checkExchange(name));
  if (!isThere) return [`the exchange ${name} is missing`];
  // One that is there is only compared: RabbitMQ refuses a declaration that differs.
  const isSame = await tried(connection, (channel) => channel.assertExchange(name, type, options));
  return isSame ? [] : [`the exchange ${name} is not as declared: ${JSON.stringify({ type, ...options })}`];
}

async function depthOf(connection: ChannelModel): Promise<number | undefined> {
  return (await tried(connection, (channel) => channel.checkQueue(UNROUTED)))?.messageCount;
}

/** AMQP shows no bindings; a message that is to be returned when no queue takes it, and has expired when one does, tells. */
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

/** What the broker refuses closes the channel, so each question has one of its own. */
async function tried<T>(
  connection: ChannelModel,
  ask: (channel: Awaited<ReturnType<ChannelModel['createChannel']>>) => Promise<T>,
): Promise<T | undefined> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  try {
    const answer = await ask(channel);
    await channel.close();
    return answer;
  } catch {
    return undefined;
  }
}
