import { SetMetadata } from '@nestjs/common';
import type { Instant } from '#platform/kernel';

/** An event as a subscriber receives it. */
export interface ReceivedEvent {
  /** UUID, the same at every delivery. */
  readonly id: string;
  /** Routing key, without the `crm.` of the CloudEvent's type. */
  readonly type: string;
  readonly time: Instant;
  /** Our own events carry the facts that the catalogue lists for the type. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A class that deals with events; give it {@link Subscribe}. */
export interface EventSubscriber {
  /**
   * Called once for each event, inside a transaction that also marks the event as received: what it writes
   * through the database commits with the mark or not at all.
   */
  handle(event: ReceivedEvent): Promise<void>;
}

export interface Subscription {
  /** Name of the durable queue; also the consumer's name in the inbox. */
  readonly queue: string;
  /** Routing keys, `*` for one word and `#` for any number. */
  readonly keys: readonly string[];
}

export const SUBSCRIPTION = Symbol('subscription');

/** Declares a subscriber: bound on RabbitMQ when a broker is configured, fed from the log in process otherwise. */
export const Subscribe = (subscription: Subscription): ClassDecorator => SetMetadata(SUBSCRIPTION, subscription);

/** Whether a routing key is meant by a binding key of a topic exchange. */
export function matchesKey(type: string, pattern: string): boolean {
  const match = (words: readonly string[], parts: readonly string[]): boolean => {
    const [part, ...rest] = parts;
    if (part === undefined) return words.length === 0;
    if (part === '#') return match(words, rest) || (words.length > 0 && match(words.slice(1), parts));
    return words.length > 0 && (part === '*' || part === words[0]) && match(words.slice(1), rest);
  };
  return match(type.split('.'), pattern.split('.'));
}
