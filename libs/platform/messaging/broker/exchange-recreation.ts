import { Lease } from '#platform/persistence';
import type { ChannelModel } from 'amqplib';
import type pg from 'pg';
import { stateOf } from './broker-findings.js';
import { onChannel, withBroker } from './broker-topology.js';
import { PUBLISHER_LEASE } from '../publishing/leader.js';

/** A binding, with the fields that `rabbitmqctl list_bindings --formatter json` prints. */
export interface ExchangeBinding {
  readonly source_name: string;
  readonly destination_name: string;
  readonly destination_kind: 'queue' | 'exchange';
  readonly routing_key: string;
  /** An empty list where there is none. */
  readonly arguments?: object;
}

/** What was done to an exchange. */
export interface Recreation {
  /** False when the exchange was plain already: then nothing was changed. */
  readonly recreated: boolean;
  readonly bound: readonly ExchangeBinding[];
  /** Bindings that RabbitMQ refused, e.g. because their queue is gone. */
  readonly failed: readonly ExchangeBinding[];
}

/**
 * Deletes the exchange of events and declares it without arguments, with the given bindings, under the publisher's
 * lease: an event that is published before a binding is restored would not reach the queue of that binding.
 * @param client ended afterwards.
 * @param bindings of every exchange; those of others are ignored.
 * @returns undefined, with nothing changed, while a worker publishes.
 * @throws Error when the broker can't be reached or refuses.
 */
export function recreateExchange(
  client: pg.Client,
  url: string,
  exchange: string,
  bindings: readonly ExchangeBinding[],
): Promise<Recreation | undefined> {
  return Lease.runExclusive(client, PUBLISHER_LEASE, () => recreate(url, exchange, bindings), undefined);
}

function recreate(url: string, exchange: string, bindings: readonly ExchangeBinding[]): Promise<Recreation> {
  return withBroker(url, async (connection) => {
    const state = await stateOf(connection, { name: exchange, type: 'topic' });
    if (state === 'plain') return { recreated: false, bound: [], failed: [] };
    await onChannel(connection, async (channel) => {
      await channel.deleteExchange(exchange);
      await channel.assertExchange(exchange, 'topic', { durable: true });
    });
    const own = bindings.filter(({ source_name: source }) => source === exchange);
    const outcomes = await Promise.all(
      own.map(async (binding) => ({ binding, isBound: await bind(connection, binding) })),
    );
    return {
      recreated: true,
      bound: outcomes.filter(({ isBound }) => isBound).map(({ binding }) => binding),
      failed: outcomes.filter(({ isBound }) => !isBound).map(({ binding }) => binding),
    };
  });
}

async function bind(connection: ChannelModel, binding: ExchangeBinding): Promise<boolean> {
  const { source_name: source, destination_name: destination, routing_key: key } = binding;
  const args = Array.isArray(binding.arguments) ? {} : (binding.arguments ?? {});
  try {
    await onChannel(connection, (channel) =>
      binding.destination_kind === 'queue'
        ? channel.bindQueue(destination, source, key, args)
        : channel.bindExchange(destination, source, key, args),
    );
    return true;
  } catch {
    return false;
  }
}
