import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOG_POLL_MS, type LoggedEvent, LogReader, LogSignal, Wakeup } from '#platform/messaging';
import { Log } from '#platform/observability';
import { type Frame, renderFrame } from '../frames/frame.js';
import { FrameRing } from '../frames/frame-ring.js';
import { portionsOf } from './portions.js';

const BATCH = 200;
const KEPT_FRAMES = 5_000;
const KEPT_BYTES = 16 * 1024 * 1024;

type Listener = (frames: readonly Frame[]) => void;

/**
 * Follows the end of the log once per process: reads and renders each event once, buffers the last frames, and passes
 * them to the listeners. During an outage of the database it waits, and then continues at the same position.
 */
@Injectable()
export class LogTail implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly ring = new FrameRing(KEPT_FRAMES, KEPT_BYTES);
  private readonly listeners = new Set<Listener>();
  private readonly wakeup = new Wakeup();
  private readonly stopping = new AbortController();
  private readonly forget: () => void;
  private running: Promise<void> | undefined;
  private interrupted = false;

  constructor(
    private readonly reader: LogReader,
    private readonly signal: LogSignal,
    private readonly log: Log,
  ) {
    this.forget = signal.onPositioned(() => this.wakeup.wake());
  }

  async onApplicationBootstrap(): Promise<void> {
    this.ring.restart((await this.reader.bounds()).last);
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    this.stopping.abort();
    await this.running;
  }

  /** Position of the last emitted frame; it may be behind the end of the log. */
  get lastPosition(): bigint {
    return this.ring.last;
  }

  /** Whether the log cannot be read at present; this class logs that once. */
  get isInterrupted(): boolean {
    return this.interrupted;
  }

  /**
   * Calls `listener` with at least one new frame, in order. The frames follow {@link lastPosition} without a gap,
   * unless the log itself lost some during an outage of the database.
   * @returns a function that removes the listener.
   */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Returns up to `limit` frames between `position` and {@link lastPosition}, in order. Undefined when they are no
   * longer buffered or `position` is ahead.
   */
  framesAfter(position: bigint, limit = KEPT_FRAMES): Frame[] | undefined {
    return this.ring.after(position, limit);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const hasMore = await this.follow();
      if (!hasMore) await this.wakeup.next(LOG_POLL_MS, signal);
    }
  }

  /** @returns whether more events can be read at once. */
  private async follow(): Promise<boolean> {
    const reader = this.signal.reader ?? this.reader;
    try {
      if (this.interrupted) await this.rejoin();
      const events = await reader.readAfter(this.lastPosition, BATCH);
      await this.publish(events);
      return events.length === BATCH;
    } catch (error) {
      if (!this.interrupted) this.log.warn({ err: error }, 'cannot follow the event log, trying again');
      this.interrupted = true;
      this.signal.readFailed(reader);
      return false;
    }
  }

  /** Resumes after an outage; a database that was restored to an earlier position restarts the ring. */
  private async rejoin(): Promise<void> {
    const { last } = await this.reader.bounds();
    this.interrupted = false;
    const isSetBack = last < this.lastPosition;
    if (isSetBack) this.ring.restart(last);
    this.log.info({ position: last.toString(), set_back: isSetBack }, 'following the event log again');
  }

  /** Emits batches with an event-loop turn in between, so that a burst does not count as a client's backlog. */
  private async publish(events: readonly LoggedEvent[]): Promise<void> {
    let isFirst = true;
    for (const frames of portionsOf(events.map(renderFrame))) {
      if (!isFirst) await nextTurn();
      isFirst = false;
      for (const frame of frames) this.ring.push(frame);
      for (const listener of this.listeners) listener(frames);
    }
  }
}
