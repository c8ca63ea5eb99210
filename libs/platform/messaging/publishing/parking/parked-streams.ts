import type { ParkedEvent } from './parked-events.js';

const FIRST_WAIT_MS = 500;
const WAIT_FACTOR = 4;
const MAX_WAIT_MS = 30_000;
const MAX_WIDTH = 64;

/** The parked streams whose first event has the same type: one full queue mostly refuses them all. */
interface Group {
  /** In the order in which they are tried. */
  readonly streams: Set<string>;
  waitMs: number;
  /** On the scale of `now`. */
  dueAt: number;
  /** Streams that are tried at a time. */
  width: number;
}

interface ParkedStream {
  /** Type of the last known first event; undefined before the first one is saved. */
  type: string | undefined;
  /** Saved or to be saved. */
  events: number;
}

/**
 * Schedules the retries of the streams of which RabbitMQ refused an event.
 *
 * A queue that is full refuses an event that others have accepted, and each retry is a duplicate for those. So one
 * event of each type is tried, after 0.5, 2, 8 and then every 30 seconds. Once it is stored, more streams are tried, twice as
 * many each time, until one is refused again.
 */
export class ParkedStreams {
  private readonly parked = new Map<string, ParkedStream>();
  private readonly groups = new Map<string, Group>();

  /** @param now gives milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  has(stream: string): boolean {
    return this.parked.has(stream);
  }

  /** Whether an event of a stream has been saved. */
  hasHead(stream: string): boolean {
    return this.parked.get(stream)?.type !== undefined;
  }

  /** Counts events that are to be parked; their stream is tried once they are saved and {@link setHead} is called. */
  add(stream: string, events: number): void {
    const known = this.parked.get(stream);
    if (known) known.events += events;
    else this.parked.set(stream, { type: undefined, events });
  }

  /** Counts events that RabbitMQ has stored: a stream without any others is not parked any more. */
  subtract(stream: string, events: number): void {
    const known = this.parked.get(stream);
    if (!known) return;
    known.events -= events;
    if (known.events > 0) return;
    this.leaveGroup(stream);
    this.parked.delete(stream);
  }

  /**
   * Notes the type of a stream's first saved event. It is tried last among those of its type.
   * @param waitMs until the first try, when no other stream of the type is parked.
   */
  setHead({ stream, type }: Pick<ParkedEvent, 'stream' | 'type'>, waitMs = FIRST_WAIT_MS): void {
    const known = this.parked.get(stream);
    if (!known) return;
    if (known.type !== type) this.leaveGroup(stream);
    known.type = type;
    let group = this.groups.get(type);
    if (!group) {
      group = { streams: new Set(), waitMs: FIRST_WAIT_MS, dueAt: this.now() + waitMs, width: 1 };
      this.groups.set(type, group);
    }
    group.streams.delete(stream);
    group.streams.add(stream);
  }

  /** The streams to be tried now. */
  due(): string[] {
    const groups = [...this.groups.values()].filter(({ dueAt }) => dueAt <= this.now());
    return groups.flatMap(({ streams, width }) => [...streams].slice(0, width));
  }

  /** Milliseconds until streams are due; undefined when there are none. */
  get waitMs(): number | undefined {
    const dueAt = [...this.groups.values()].map((group) => group.dueAt);
    return dueAt.length > 0 ? Math.max(0, Math.min(...dueAt) - this.now()) : undefined;
  }

  /** Records whether the first events of a type, sent together, were stored. */
  tried(type: string, isStored: boolean): void {
    const group = this.groups.get(type);
    if (!group) return;
    group.width = isStored ? Math.min(2 * group.width, MAX_WIDTH) : 1;
    group.waitMs = isStored ? FIRST_WAIT_MS : Math.min(WAIT_FACTOR * group.waitMs, MAX_WAIT_MS);
    group.dueAt = this.now() + (isStored ? 0 : group.waitMs);
  }

  /** Schedules every stream for an immediate retry. */
  retryNow(): void {
    for (const group of this.groups.values()) group.dueAt = this.now();
  }

  private leaveGroup(stream: string): void {
    const type = this.parked.get(stream)?.type;
    const group = type === undefined ? undefined : this.groups.get(type);
    group?.streams.delete(stream);
    if (group?.streams.size === 0) this.groups.delete(type!);
  }
}
