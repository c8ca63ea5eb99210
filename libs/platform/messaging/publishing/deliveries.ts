import type { ConfirmChannel, ConsumeMessage, Options } from 'amqplib';

/** Header in which we count how often a message's handler failed. */
export const FAILURES_HEADER = 'crm-failures';

/** Header that counts the copies made since the handler last ended: of messages that were delivered and not settled. */
const UNSETTLED_HEADER = 'crm-unsettled';

/** Header in which a quorum queue counts the returns of a message, for any reason. */
const DELIVERIES_HEADER = 'x-delivery-count';
/**
 * Queues of older releases have the limit 5, those of RabbitMQ 4 have 20 by default; RabbitMQ dead-letters a message
 * beyond it. After this number of returns a message is replaced by a copy.
 */
const MAX_DELIVERIES = 2;
/** Headers that RabbitMQ adds: they describe the original, not the copy. */
const BROKER_HEADER = /^x-(?:delivery-count|acquired-count|opt-|(?:first|last)-death-|death)/;

/** What a copy says about the deliveries before it. */
export interface DeliveryCounts {
  readonly failures: number;
  readonly unsettled: number;
}

/** How often the handler of a message failed. */
export function failuresOf(message: Pick<ConsumeMessage, 'properties'>): number {
  return countOf(message, FAILURES_HEADER);
}

/** How many copies in a row were made of a message because no delivery was settled. */
export function unsettledOf(message: Pick<ConsumeMessage, 'properties'>): number {
  return countOf(message, UNSETTLED_HEADER);
}

/** Whether RabbitMQ may dead-letter the message soon because it came back so often. */
export function isNearDeliveryLimit(message: Pick<ConsumeMessage, 'properties'>): boolean {
  return countOf(message, DELIVERIES_HEADER) >= MAX_DELIVERIES;
}

/** Publishing options of a copy of a message. */
export function copyOf({ properties }: Pick<ConsumeMessage, 'properties'>, counts?: DeliveryCounts): Options.Publish {
  const { failures = 0, unsettled = 0 } = counts ?? {};
  const headers = Object.entries(properties.headers ?? {}).filter(
    ([name]) => !BROKER_HEADER.test(name) && name !== FAILURES_HEADER && name !== UNSETTLED_HEADER,
  );
  // RabbitMQ refuses the user id of another connection's user.
  const kept = Object.entries(properties).filter(([name, value]) => value !== undefined && name !== 'userId');
  return {
    ...(Object.fromEntries(kept) as Options.Publish),
    persistent: true,
    headers: {
      ...Object.fromEntries(headers),
      ...(failures > 0 && { [FAILURES_HEADER]: failures }),
      ...(unsettled > 0 && { [UNSETTLED_HEADER]: unsettled }),
    },
  };
}

/**
 * Publishes a copy of a message to a queue.
 * @returns whether RabbitMQ has stored it. False when the channel closes: amqplib does not report that for all
 *   unconfirmed messages.
 */
export function publishCopy(
  channel: ConfirmChannel,
  queue: string,
  message: Pick<ConsumeMessage, 'properties' | 'content'>,
  counts: DeliveryCounts,
): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isStored: boolean): void => {
      channel.off('close', onClose);
      resolve(isStored);
    };
    const onClose = (): void => settle(false);
    channel.on('close', onClose);
    try {
      channel.sendToQueue(queue, message.content, copyOf(message, counts), (error: unknown) => settle(!error));
    } catch {
      settle(false);
    }
  });
}

function countOf({ properties }: Pick<ConsumeMessage, 'properties'>, header: string): number {
  const value: unknown = properties.headers?.[header];
  return typeof value === 'number' && value > 0 ? value : 0;
}
