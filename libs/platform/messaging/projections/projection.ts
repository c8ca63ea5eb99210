import type { ReceivedEvent } from '../subscribing/subscriber.js';

/**
 * A reader of the log with a cursor of its own, run by one worker at a time; provide a subclass in a worker module.
 * Where a subscriber receives single events over RabbitMQ, a projection receives batches in the order of positions.
 */
export abstract class Projection {
  /** Names the cursor `projection/<name>` and the lease; a new name starts before the first event. */
  abstract readonly name: string;

  /** Patterns of routing keys, `*` for one word and `#` for any number. */
  abstract readonly types: readonly string[];

  /** Time to rest after a batch, so that the events of a busy moment make one batch instead of many. */
  readonly restMs: number = 0;

  /**
   * Called with events in the order of their positions, each once. It runs in the transaction that moves the cursor: what
   * it writes through the database commits with the move or not at all. If it throws, the batch is retried.
   */
  abstract project(events: readonly ReceivedEvent[]): Promise<void>;

  /**
   * Deletes every effect, so that the projection can be rebuilt from the first event (`npx crm projections rebuild`). It
   * runs in the transaction that moves the cursor back, under the lease of the leader. A projection without it is never
   * rebuilt: one that publishes events, for example.
   */
  reset?(): Promise<void>;
}

/** Prefix of the names of cursors and leases of projections. */
export const PROJECTIONS = 'projection/';

/** Name of a projection's cursor and lease. */
export function cursorOf({ name }: Pick<Projection, 'name'>): string {
  return `${PROJECTIONS}${name}`;
}
