import type { ConsumeMessage, Options } from 'amqplib';

/** Header in which we count how often a message's handler failed. */
export const FAILURES_HEADER = 'crm-failures';

/** Header in which a quorum queue counts how often a message came back to it, for whatever reason. */
const DELIVERIES_HEADER = 'x-delivery-count';
/**
 * Queues of older releases have the limit 5, those of RabbitMQ 4 have 20 by default; RabbitMQ dead-letters a message
 * beyond it. A message that came back so often is replaced by a copy.
 */
const MAX_DELIVERIES = 2;
/** Headers that RabbitMQ adds: a copy must not carry those of another message's life. */
const BROKER_HEADER = /^x-(?:delivery-count|acquired-count|opt-|(?:first|last)-death-|death)/;

/** How often the handler of a message failed. */
export function failuresOf(message: Pick<ConsumeMessage, 'properties'>): number {
  return countOf(message, FAILURES_HEADER);
}

/** Whether RabbitMQ may dead-letter the message soon because it came back so often. */
export function isNearDeliveryLimit(message: Pick<ConsumeMessage, 'properties'>): boolean {
  return countOf(message, DELIVERIES_HEADER) >= MAX_DELIVERIES;
}

/** What a copy of a message is published with. */
export function copyOf({ properties }: Pick<ConsumeMessage, 'properties'>, failures: number): Options.Publish {
  const headers = Object.entries(properties.headers ?? {}).filter(
    ([name]) => !BROKER_HEADER.test(name) && name !== FAILURES_HEADER,
  );
  // RabbitMQ refuses the user id of another connection's user.
  const kept = Object.entries(properties).filter(([name, value]) => value !== undefined && name !== 'userId');
  return {
    ...(Object.fromEntries(kept) as Options.Publish),
    persistent: true,
    headers: { ...Object.fromEntries(headers), ...(failures > 0 && { [FAILURES_HEADER]: failures }) },
  };
}

function countOf({ properties }: Pick<ConsumeMessage, 'properties'>, header: string): number {
  const value: unknown = properties.headers?.[header];
  return typeof value === 'number' && value > 0 ? value : 0;
}
