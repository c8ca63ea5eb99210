import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type LoggedEvent, LogReader } from '#platform/messaging';
import { Log } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { EventStream } from '../event-stream.js';
import { type Frame, renderFrame } from '../frames/frame.js';
import { LogTail } from './log-tail.js';
import { portionsOf } from './portions.js';
import { StreamMetrics } from '../stream-metrics.js';
import { Turns } from './turns.js';

const BATCH = 100;
/** Maximum number of concurrent reads of replays, so that many reconnecting clients leave connections for requests. */
const READERS = 4;
const RETRY_MS = 500;

/** Moves a stream from the client's position to the tail of the log, without gap or duplicate. */
@Injectable()
export class Replay {
  private readonly turns = new Turns(READERS);

  constructor(
    private readonly tail: LogTail,
    private readonly reader: LogReader,
    private readonly metrics: StreamMetrics,
    private readonly log: Log,
  ) {}

  /** Resolves when the stream is live or closed; writes no faster than the client reads. */
  async run(stream: EventStream): Promise<void> {
    while (stream.isOpen && !stream.isLive) {
      try {
        await this.advance(stream);
      } catch (error) {
        if (!isUnavailable(error) && !this.tail.isInterrupted) return this.giveUp(stream, error);
        // The tail logs the outage; the client stays connected and the replay continues after it.
        await delay(RETRY_MS);
      }
    }
  }

  private async advance(stream: EventStream): Promise<void> {
    const frames = this.tail.framesAfter(stream.position, BATCH);
    // No await between reading the tail and going live: no frame can arrive in between.
    if (frames?.length === 0) return stream.goLive();
    if (frames) return this.write(stream, frames, (frame) => frame);
    if (stream.position > this.tail.lastPosition) return this.settle(stream);
    const events = await this.turns.take(() => this.read(stream));
    if (!stream.isOpen) return;
    const [next] = events;
    if (!next) return this.settle(stream);
    if (next.position !== stream.position + 1n) return stream.reset('id_past_retention', this.tail.lastPosition);
    return this.write(stream, events, renderFrame);
  }

  /** Skips the read for a client that disconnected while it waited. */
  private read(stream: EventStream): Promise<LoggedEvent[]> {
    return stream.isOpen ? this.reader.readAfter(stream.position, BATCH) : Promise.resolve([]);
  }

  /** Handles an empty page: the tail has not reached the stream's position, or the log has no later event. */
  private async settle(stream: EventStream): Promise<void> {
    const { first, last } = await this.turns.take(() => this.reader.bounds());
    const end = last > this.tail.lastPosition ? last : this.tail.lastPosition;
    if (stream.position > last) stream.reset('id_in_the_future', end);
    else if (stream.position < first - 1n) stream.reset('id_past_retention', end);
    else if (stream.position >= this.tail.lastPosition) stream.goLive();
  }

  /** Writes the matching events; for a slow client the rest is read again later instead of being buffered. */
  private async write<E extends Frame | LoggedEvent>(
    stream: EventStream,
    events: readonly E[],
    render: (event: E) => Frame,
  ): Promise<void> {
    for (const frames of portionsOf(renderedWanted(stream, events, render))) {
      stream.send(frames);
      this.metrics.sent.inc(frames.length);
      await nextTurn();
      if (stream.isCongested) return stream.drained();
    }
    stream.skipTo(events.at(-1)!.position);
  }

  private giveUp(stream: EventStream, error: unknown): void {
    this.log.error({ err: error, position: stream.position.toString() }, 'cannot replay events to a stream');
    this.metrics.cut.inc({ reason: 'failed' });
    stream.cut();
  }
}

function* renderedWanted<E extends Frame | LoggedEvent>(
  stream: EventStream,
  events: readonly E[],
  render: (event: E) => Frame,
): Generator<Frame> {
  for (const event of events) if (stream.wants(event)) yield render(event);
}
