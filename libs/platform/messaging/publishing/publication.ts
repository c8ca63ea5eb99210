import type { Log } from '#platform/observability';
import type { ConfirmedAhead } from './confirmed-ahead.js';
import type { ConfirmedChannel } from './confirmed-channel.js';
import type { EventCursor, EventToPark } from './event-cursor.js';
import type { LoggedEvent } from '../outbox/log-reader.js';
import { OrderedWindow } from './ordered-window.js';
import type { ParkedStreams } from './parking/parked-streams.js';
import type { Wakeup } from '../outbox/wakeup.js';

/**
 * Maximum number of unsaved positions. After a crash at most this many events are re-sent.
 */
const MAX_SPAN = 256;
/** Maximum number of events of one read: while one half of the span is in flight, the other half is read. */
export const BATCH = MAX_SPAN / 2;
/** How long confirmed events wait for the cursor to move past them. */
export const SAVE_EVERY_MS = 100;

/** The refusal of RabbitMQ does not name the queue. */
const REFUSED =
  'RabbitMQ refused an event because a queue bound for it is full: its stream is parked. RabbitMQ does not name the ' +
  'queue: look at those that rabbitmqctl list_bindings shows for this type, and at their lengths and limits with ' +
  'rabbitmqctl list_queues name messages arguments policy';

interface Parts {
  readonly channel: ConfirmedChannel;
  readonly cursor: EventCursor;
  readonly streams: ParkedStreams;
  readonly log: Log;
  /** Woken when there is room for more events, or something to save. */
  readonly wakeup: Wakeup;
  /** Woken when events were parked. */
  readonly retryWakeup: Wakeup;
  /** Events after the saved cursor that RabbitMQ confirmed to this process. */
  readonly confirmedAhead: ConfirmedAhead;
  /** Positions that an earlier channel has parked already. */
  readonly parkedAlready: ReadonlySet<bigint>;
  /** Aborted when nothing more is taken. */
  readonly stopping: AbortSignal;
  /** Whether this process still leads. */
  readonly isCurrent: () => boolean;
}

/** The events that one channel publishes: in flight, waiting behind those, or to be parked. */
export class Publication {
  private readonly window: OrderedWindow;
  private readonly toPark: EventToPark[] = [];

  constructor(private readonly parts: Parts) {
    this.window = new OrderedWindow(parts.cursor.position, MAX_SPAN);
  }

  /** The position after which to read on. */
  get taken(): bigint {
    return this.window.taken;
  }

  /** How many events may be taken now. */
  get room(): number {
    return Math.min(BATCH, this.window.room);
  }

  /** Whether there are events that are neither confirmed nor parked. */
  get isUnfinished(): boolean {
    return this.window.size > 0 || this.toPark.length > 0;
  }

  /** Sends an event, after those before it in its stream; an event of a parked stream is parked. */
  take(event: LoggedEvent): void {
    const { streams, confirmedAhead, parkedAlready } = this.parts;
    if (parkedAlready.has(event.position) || confirmedAhead.has(event)) return this.window.skipTo(event.position);
    if (streams.has(event.stream)) {
      this.window.skipTo(event.position);
      return this.park([event], 0);
    }
    const due = this.window.take(event);
    if (due) this.send(due);
  }

  /** Moves the cursor, unless that was done less than `everyMs` ago and there is nothing to park. */
  async save(everyMs: number): Promise<void> {
    const { cursor, confirmedAhead, streams, retryWakeup } = this.parts;
    const parked = [...this.toPark];
    if (parked.length === 0) {
      await cursor.advance(this.window.confirmedUpTo, everyMs);
      return confirmedAhead.forgetUpTo(cursor.position);
    }
    await cursor.park(this.window.confirmedUpTo, parked);
    confirmedAhead.forgetUpTo(cursor.position);
    // Until they are saved, the cursor must not pass them. Others may have been refused meanwhile.
    this.toPark.splice(0, parked.length);
    for (const event of parked) if (!streams.hasHead(event.stream)) streams.setHead(event);
    retryWakeup.wake();
  }

  private send(event: LoggedEvent): void {
    const { channel, isCurrent } = this.parts;
    if (!isCurrent()) return;
    channel.send(
      event,
      () => this.confirm(event),
      () => this.refuse(event),
    );
  }

  private confirm(event: LoggedEvent): void {
    const roomBefore = this.window.room;
    this.parts.confirmedAhead.add(event);
    const next = this.window.confirm(event);
    if (next) this.send(next);
    // Other confirms do not wake the reader: the next event or the next save does.
    const hasRoomAgain = roomBefore < BATCH && this.window.room >= BATCH;
    const isLast = this.window.size === 0 && this.parts.stopping.aborted;
    if (hasRoomAgain || isLast) this.parts.wakeup.wake();
  }

  private refuse(event: LoggedEvent): void {
    const { log, wakeup } = this.parts;
    const { id, type, stream, position } = event;
    const facts = { event_id: id, type, stream, position: String(position) };
    log.warn(facts, REFUSED);
    const [refused, ...behind] = this.window.withdraw(event);
    this.park([refused!], 1);
    this.park(behind, 0);
    wakeup.wake();
  }

  private park(events: readonly LoggedEvent[], refusals: number): void {
    for (const event of events) {
      this.parts.streams.add(event.stream, 1);
      this.toPark.push({ ...event, refusals });
    }
  }
}
