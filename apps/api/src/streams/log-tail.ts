import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type LoggedEvent, LogReader, LogSignal, Wakeup } from '#platform/messaging';
import { Log } from '#platform/observability';
import { type Frame, renderFrame } from './frame.js';
import { FrameRing } from './frame-ring.js';
import { portionsOf } from './portions.js';

const POLL_MS = 500;
const BATCH = 200;
const KEPT_FRAMES = 5_000;
const KEPT_BYTES = 16 * 1024 * 1024;

type Listener = (frames: readonly Frame[]) => void;

/**
 * Follows the end of the log, once for the whole process: reads each event once, renders it once, keeps the last
 * ones, and hands them to whoever listens. While the database is away it waits, and goes on exactly where it was.
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
    signal: LogSignal,
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

  /** The position up to which listeners were told; it may lie behind the end of the log. */
  get lastPosition(): bigint {
    return this.ring.last;
  }

  /** Whether the log can't be read at present, which is logged once, here. */
  get isInterrupted(): boolean {
    return this.interrupted;
  }

  /**
   * Calls `listener` with new frames, in order, at least one at a time. They follow {@link lastPosition} without gap,
   * unless the log itself lost some while the database was away.
   * @returns what ends it.
   */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * At most `limit` frames between `position` and {@link lastPosition}, in order, none when it is the last;
   * undefined when they are not kept any more, or `position` lies ahead.
   */
  framesAfter(position: bigint, limit = KEPT_FRAMES): Frame[] | undefined {
    return this.ring.after(position, limit);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const hasMore = await this.follow();
      if (!hasMore) await this.wakeup.next(POLL_MS, signal);
    }
  }

  /** @returns whether there is more to read at once. */
  private async follow(): Promise<boolean> {
    try {
      if (this.interrupted) await this.rejoin();
      const events = await this.reader.readAfter(this.lastPosition, BATCH);
      await this.publish(events);
      return events.length === BATCH;
    } catch (error) {
      if (!this.interrupted) this.log.warn({ err: error }, 'cannot follow the event log, trying again');
      this.interrupted = true;
      return false;
    }
  }

  /** A database that was put back to an earlier state gives positions anew: whoever waited for later ones would wait long. */
  private async rejoin(): Promise<void> {
    const { last } = await this.reader.bounds();
    this.interrupted = false;
    const isSetBack = last < this.lastPosition;
    if (isSetBack) this.ring.restart(last);
    this.log.info({ position: last.toString(), set_back: isSetBack }, 'following the event log again');
  }

  /** In portions, with a turn of the event loop between, so that a burst doesn't count as a client's backlog. */
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
