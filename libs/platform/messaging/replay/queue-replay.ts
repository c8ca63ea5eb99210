import { Injectable } from '@nestjs/common';
import { type ConfirmedChannel, ConfirmedChannels } from '../publishing/confirmed-channel.js';
import { type LoggedEvent, LogReader } from '../outbox/log-reader.js';
import { OrderedWindow } from '../publishing/ordered-window.js';
import { positionGone } from '../outbox/position.js';
import { Wakeup } from '../outbox/wakeup.js';

const BATCH = 500;
const WINDOW = 2_000;
const TELL_EVERY_MS = 500;

/** What is to be sent to a queue. */
export interface QueuedPart {
  readonly queue: string;
  /** Patterns of routing keys; none for every type. */
  readonly types: readonly string[];
  /** Sending begins after this position … */
  readonly position: bigint;
  /** … and ends with this one. */
  readonly to: bigint;
}

/** How far a replay has come. */
export interface ReplayProgress {
  /** Everything up to this position is confirmed, or was not wanted. */
  readonly position: bigint;
  /** Events confirmed since the last report. */
  readonly published: number;
}

type Report = (progress: ReplayProgress) => Promise<void> | void;

/** Sends a part of the log to one queue, each stream in its order, as fast as the broker confirms. */
@Injectable()
export class QueueReplay {
  constructor(
    private readonly channels: ConfirmedChannels,
    private readonly reader: LogReader,
  ) {}

  /**
   * Sends until the part's end or until `stop`; then waits for what is on its way.
   * @param report called now and then, and at the end, however it ends.
   * @returns the position reached.
   * @throws QueueMissingError; DomainError `position_gone` when retention came first; Error when the broker fails: reported events are confirmed.
   */
  async run(part: QueuedPart, stop: AbortSignal, report: Report): Promise<bigint> {
    const channel = await this.channels.openTo(part.queue);
    const sending = new Sending(channel, part.position, report);
    try {
      await this.send(part, sending, stop);
      while (sending.window.size > 0 && !channel.signal.aborted) await sending.rest();
      if (channel.signal.aborted) throw channel.signal.reason;
    } finally {
      await channel.close();
      await sending.tellNow();
    }
    return sending.window.confirmedUpTo;
  }

  private async send({ types, to }: QueuedPart, sending: Sending, stop: AbortSignal): Promise<void> {
    const { window, channel } = sending;
    while (window.taken < to && !stop.aborted && !channel.signal.aborted) {
      if (window.size > WINDOW - BATCH) {
        await sending.rest();
        continue;
      }
      const { events, through } = await this.reader.readPage(window.taken, to, BATCH, { dealIds: [], types });
      const { first } = await this.reader.bounds();
      if (window.taken < first - 1n) throw positionGone(first);
      for (const event of events) sending.take(event);
      window.skipTo(through);
      await sending.tellSometimes();
    }
  }
}

/** One life of a channel with what is on its way through it. */
class Sending {
  readonly window: OrderedWindow;
  private readonly wakeup = new Wakeup();
  private published = 0;
  private toldAt = Date.now();

  constructor(
    readonly channel: ConfirmedChannel,
    start: bigint,
    private readonly report: Report,
  ) {
    this.window = new OrderedWindow(start);
  }

  take(event: LoggedEvent): void {
    const due = this.window.take(event);
    if (due) this.send(due);
  }

  /** Waits for confirms. */
  async rest(): Promise<void> {
    await this.wakeup.next(TELL_EVERY_MS, this.channel.signal);
    await this.tellSometimes();
  }

  async tellSometimes(): Promise<void> {
    if (Date.now() - this.toldAt >= TELL_EVERY_MS) await this.tellNow();
  }

  async tellNow(): Promise<void> {
    const { published } = this;
    this.published = 0;
    this.toldAt = Date.now();
    await this.report({ position: this.window.confirmedUpTo, published });
  }

  private send(event: LoggedEvent): void {
    this.channel.send(event, () => {
      this.published += 1;
      const next = this.window.confirm(event);
      if (next) this.send(next);
      if (this.window.size === 0 || this.window.size === WINDOW - BATCH) this.wakeup.wake();
    });
  }
}
