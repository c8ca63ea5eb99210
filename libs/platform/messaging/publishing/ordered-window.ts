import type { LoggedEvent } from '../outbox/log-reader.js';

/**
 * What is on its way to the broker: at most one unconfirmed event of each stream, so that a re-send can't overtake,
 * and any number of streams at a time.
 */
export class OrderedWindow {
  /** Events of streams whose turn it is not yet, by stream; the stream's event in flight is not among them. */
  private readonly waiting = new Map<string, LoggedEvent[]>();
  /** Positions taken in and not confirmed, in order of taking in, which is their own. */
  private readonly open = new Set<bigint>();
  private lastTaken: bigint;

  /** @param start the position up to which everything is confirmed. */
  constructor(start: bigint) {
    this.lastTaken = start;
  }

  get size(): number {
    return this.open.size;
  }

  /** The position after which to read on. */
  get taken(): bigint {
    return this.lastTaken;
  }

  /** Everything up to this position is confirmed. */
  get confirmedUpTo(): bigint {
    const oldest = this.open.values().next();
    return oldest.done ? this.lastTaken : oldest.value - 1n;
  }

  /** @returns the event if it may be sent now; else it waits for the one before it. */
  take(event: LoggedEvent): LoggedEvent | undefined {
    this.lastTaken = event.position;
    this.open.add(event.position);
    const queue = this.waiting.get(event.stream);
    if (queue) {
      queue.push(event);
      return undefined;
    }
    this.waiting.set(event.stream, []);
    return event;
  }

  /** Notes that nothing up to `position` is to be sent but what was taken in. */
  skipTo(position: bigint): void {
    if (position > this.lastTaken) this.lastTaken = position;
  }

  /**
   * Takes an event and those of its stream that wait behind it out of the window.
   * @returns all of them, in order.
   */
  withdraw(event: LoggedEvent): readonly LoggedEvent[] {
    const events = [event, ...(this.waiting.get(event.stream) ?? [])];
    for (const { position } of events) this.open.delete(position);
    this.waiting.delete(event.stream);
    return events;
  }

  /** @returns the stream's next event, to be sent now. */
  confirm(event: LoggedEvent): LoggedEvent | undefined {
    this.open.delete(event.position);
    const next = this.waiting.get(event.stream)?.shift();
    if (!next) this.waiting.delete(event.stream);
    return next;
  }
}
