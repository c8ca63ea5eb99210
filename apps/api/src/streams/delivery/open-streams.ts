import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { StreamSettings } from '#platform/config';
import { Clock } from '#platform/kernel';
import type { EventFilter } from '../selection/event-filter.js';
import { EventStream } from '../event-stream.js';
import { type Frame, renderHeartbeat, renderOpening } from '../frames/frame.js';
import { LogTail } from './log-tail.js';
import { Replay } from './replay.js';
import { StreamMetrics } from '../stream-metrics.js';
import { tooManyStreams } from '../stream.errors.js';
import type { Viewer } from '../selection/viewer.js';
import { Wire } from '../frames/wire.js';

/** Options of a stream. */
export interface StreamRequest {
  readonly viewer: Viewer;
  readonly filter: EventFilter;
  /** The client's last id; undefined to begin at the present. */
  readonly lastEventId: string | undefined;
  /** Milliseconds since the Unix epoch: the stream ends with its token. */
  readonly expiresAt: number;
}

const TOKEN_EXPIRED = new Wire(': the access token has expired\n\n');
const CLOSING = new Wire(': this server is shutting down; reconnect\n\n');
/** Accepts more digits than any position has, so that a too large number is a future id, not a malformed one. */
const EVENT_ID = /^(?:0|[1-9]\d{0,98})$/;
/** The greatest `bigint` of PostgreSQL. */
const MAX_POSITION = 2n ** 63n - 1n;
/** The maximum delay of setTimeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** How long a shutdown waits until clients have read their last bytes. */
const FAREWELL_MS = 500;

/** All open streams of this process: distributes frames, sends heartbeats and ends streams in time. */
@Injectable()
export class OpenStreams implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** All streams with an open connection, ending ones included. */
  private readonly connections = new Set<EventStream>();
  private readonly byUser = new Map<string, Set<EventStream>>();
  private readonly seeingAll = new Set<EventStream>();
  private readonly forget: () => void;
  private heartbeat: NodeJS.Timeout | undefined;
  /** Last distributed position; undefined before the first stream. */
  private delivered: bigint | undefined;
  private isStopping = false;

  constructor(
    private readonly settings: StreamSettings,
    private readonly tail: LogTail,
    private readonly replay: Replay,
    private readonly metrics: StreamMetrics,
    private readonly clock: Clock,
  ) {
    this.forget = tail.subscribe((frames) => this.deliver(frames));
    metrics.watch(() => this.connections.size);
  }

  onApplicationBootstrap(): void {
    this.heartbeat = setInterval(() => this.beat(), this.settings.heartbeatMs).unref();
  }

  /** Ends every stream, so that open connections do not delay the shutdown. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.forget();
    clearInterval(this.heartbeat);
    const open = [...this.connections];
    const gone = open.map((stream) => new Promise<void>((resolve) => stream.onClose(resolve)));
    for (const stream of open) this.end(stream, CLOSING);
    await Promise.race([Promise.all(gone), delay(FAREWELL_MS, undefined, { ref: false })]);
    for (const stream of this.connections) stream.cut();
  }

  /** @throws DomainError `too_many_streams`. */
  refuseTooMany(viewer: Viewer): void {
    const limit = this.settings.connectionsPerUser;
    if ((this.byUser.get(viewer.userId)?.size ?? 0) >= limit) throw tooManyStreams(limit);
  }

  /**
   * Turns a response into a stream, which this class then owns.
   * @param headers of the response.
   */
  open(response: ServerResponse, headers: OutgoingHttpHeaders, request: StreamRequest): void {
    if (!isReady(response)) return;
    const { viewer, filter, lastEventId } = request;
    const position = lastEventId === undefined ? undefined : positionOf(lastEventId);
    const start = position ?? this.tail.lastPosition;
    const stream = new EventStream(response, viewer, filter, start);
    stream.begin(headers, renderOpening(lastEventId === undefined ? start : undefined));
    if (this.isStopping) return stream.end(CLOSING);
    this.add(stream, request.expiresAt);
    if (lastEventId === undefined) stream.goLive();
    else if (position === undefined) stream.reset('unknown_id', start);
    else void this.replay.run(stream);
  }

  private add(stream: EventStream, expiresAt: number): void {
    const { userId, scope } = stream.viewer;
    this.delivered ??= this.tail.lastPosition;
    this.connections.add(stream);
    if (scope.all) this.seeingAll.add(stream);
    const ofUser = this.byUser.get(userId);
    if (ofUser) ofUser.add(stream);
    else this.byUser.set(userId, new Set([stream]));
    stream.onClose(() => {
      this.connections.delete(stream);
      this.leave(stream);
    });
    this.expire(stream, expiresAt);
  }

  /** Removes a stream from every index and timer. */
  private leave(stream: EventStream): void {
    const { userId } = stream.viewer;
    this.seeingAll.delete(stream);
    const ofUser = this.byUser.get(userId);
    ofUser?.delete(stream);
    if (ofUser?.size === 0) this.byUser.delete(userId);
  }

  private expire(stream: EventStream, at: number): void {
    const left = at - Date.parse(this.clock.now());
    if (left <= 0) return this.end(stream, TOKEN_EXPIRED);
    const timer = setTimeout(() => this.expire(stream, at), Math.min(left, MAX_TIMER_MS));
    stream.onClose(() => clearTimeout(timer));
  }

  private end(stream: EventStream, farewell: Wire): void {
    stream.end(farewell);
    this.leave(stream);
  }

  private cut(stream: EventStream, reason: 'backlog' | 'stalled' | 'gap'): void {
    this.metrics.cut.inc({ reason });
    stream.cut();
    this.leave(stream);
  }

  /** Checks only streams that can see the frames: those with full scope, and those of users in the audience. */
  private deliver(frames: readonly Frame[]): void {
    this.watchForGap(frames);
    let sent = 0;
    for (const stream of this.seeingAll) sent += this.offer(stream, frames);
    for (const userId of new Set(frames.flatMap(({ audience }) => audience))) {
      if (userId === null) continue;
      for (const stream of this.byUser.get(userId) ?? []) {
        if (!stream.viewer.scope.all) sent += this.offer(stream, frames);
      }
    }
    if (sent > 0) this.metrics.sent.inc(sent);
  }

  private offer(stream: EventStream, frames: readonly Frame[]): number {
    if (!this.isOverdrawn(stream)) return stream.offer(frames);
    this.cut(stream, 'backlog');
    return 0;
  }

  /** Closes live streams after a gap: their clients reconnect with their last id and receive a reset. */
  private watchForGap(frames: readonly Frame[]): void {
    const isGap = this.delivered !== undefined && frames[0]!.position !== this.delivered + 1n;
    if (isGap) for (const stream of this.connections) if (stream.isLive) this.cut(stream, 'gap');
    this.delivered = frames.at(-1)!.position;
  }

  private beat(): void {
    const position = this.tail.lastPosition;
    const moved = renderHeartbeat(position);
    for (const stream of this.connections) {
      if (this.isOverdrawn(stream)) this.cut(stream, 'backlog');
      else if (stream.hasStalled()) this.cut(stream, 'stalled');
      else stream.beat(position, moved);
    }
  }

  /** Checks live streams only: a replay waits for its client, so it cannot build up a backlog. */
  private isOverdrawn(stream: EventStream): boolean {
    return stream.isLive && stream.backlog > this.settings.backlogBytes;
  }
}

/** Whether the client is still connected and the response is the current one of its connection. */
function isReady({ socket, req }: ServerResponse): boolean {
  // A pipelined request behind a stream would wait for its end, and a disconnect of its client would not be noticed.
  if (!socket) req.socket.destroy();
  return socket?.writable === true;
}

/** Parses an event id to a position, at most {@link MAX_POSITION}; undefined for any other text. */
function positionOf(eventId: string): bigint | undefined {
  if (!EVENT_ID.test(eventId)) return undefined;
  const position = BigInt(eventId);
  return position > MAX_POSITION ? MAX_POSITION : position;
}
