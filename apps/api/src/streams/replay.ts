import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type LoggedEvent, LogReader } from '#platform/messaging';
import { Log } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { EventStream } from './event-stream.js';
import { type Frame, renderFrame } from './frame.js';
import { LogTail } from './log-tail.js';
import { portionsOf } from './portions.js';
import { StreamMetrics } from './stream-metrics.js';
import { Turns } from './turns.js';

const BATCH = 100;
/** Replays read the log that many at a time, so that clients coming back all at once leave connections for requests. */
const READERS = 4;
const RETRY_MS = 500;

/** Brings a stream from the position its client has seen to the tail of the log: no event left out, none twice. */
@Injectable()
export class Replay {
  private readonly turns = new Turns(READERS);

  constructor(
    private readonly tail: LogTail,
    private readonly reader: LogReader,
    private readonly metrics: StreamMetrics,
    private readonly log: Log,
  ) {}

  /** Ends when the stream is live or closed; it is written no faster than its client reads. */
  async run(stream: EventStream): Promise<void> {
    while (stream.isOpen && !stream.isLive) {
      try {
        await this.advance(stream);
      } catch (error) {
        if (!isUnavailable(error)) return this.giveUp(stream, error);
        // The tail tells of the outage; the client keeps its connection and is served when it is over.
        await delay(RETRY_MS);
      }
    }
  }

  private async advance(stream: EventStream): Promise<void> {
    const kept = this.tail.framesAfter(stream.position, BATCH);
    // No await between this look at the tail and going live: nothing can come in between.
    if (kept?.length === 0) return stream.goLive();
    if (kept) return this.write(stream, kept, (frame) => frame);
    if (stream.position > this.tail.lastPosition) return this.settle(stream);
    const events = await this.turns.take(() => this.read(stream));
    if (!stream.isOpen) return;
    const [next] = events;
    if (!next) return this.settle(stream);
    if (next.position !== stream.position + 1n) return stream.reset('id_past_retention', this.tail.lastPosition);
    return this.write(stream, events, renderFrame);
  }

  /** A client that left while others had their turn costs nothing. */
  private read(stream: EventStream): Promise<LoggedEvent[]> {
    return stream.isOpen ? this.reader.readAfter(stream.position, BATCH) : Promise.resolve([]);
  }

  /** The tail hasn't come to the stream's position, if there is one like it, or nothing is left after it. */
  private async settle(stream: EventStream): Promise<void> {
    const { first, last } = await this.turns.take(() => this.reader.bounds());
    const end = last > this.tail.lastPosition ? last : this.tail.lastPosition;
    if (stream.position > last) stream.reset('id_in_the_future', end);
    else if (stream.position < first - 1n) stream.reset('id_past_retention', end);
    else if (stream.position >= this.tail.lastPosition) stream.goLive();
  }

  /** Writes what is wanted of `events`; for a client that is slow to take it the rest is read again later, not kept. */
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
