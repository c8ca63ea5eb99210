import type { LoggedEvent } from '../outbox/log-reader.js';

/**
 * The events that are sent to the broker and not confirmed yet: at most one of each stream, so that an event that is sent
 * again cannot overtake another. The span from the oldest of them to the last one taken is limited: after a process is
 * killed, the next one sends all of them again.
 */
export class OrderedWindow {
  /** Events of streams whose turn it is not yet, by stream; the stream's event in flight is not among them. */
  private readonly waiting = new Map<string, LoggedEvent[]>();
  /** Positions taken and not confirmed, in their order. */
  private readonly open = new Set<bigint>();
  private lastTaken: bigint;

  /**
   * @param start the position up to which everything is confirmed.
   * @param maxSpan of the positions from the oldest unconfirmed event to the last one taken.
   */
  constructor(
    start: bigint,
    private readonly maxSpan = Infinity,
  ) {
    this.lastTaken = start;
  }

  get size(): number {
    return this.open.size;
  }

  /** The position after which to read on. */
  get taken(): bigint {
    return this.lastTaken;
  }

  /** How many positions may be taken now. */
  get room(): number {
    return this.maxSpan - Number(this.lastTaken - this.confirmedUpTo);
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
