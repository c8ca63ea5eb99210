import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EventFilter } from './selection/event-filter.js';
import { type Frame, HEARTBEAT, renderReset, type ResetReason } from './frames/frame.js';
import { isVisible, type Viewer } from './selection/viewer.js';
import type { Wire } from './frames/wire.js';

/**
 * One open response to which events are written. It first replays the events that its client missed. At the tail of the
 * log it goes live, and from then on receives every new frame.
 *
 * Chunks are written ready-made to the socket: passing them through the response would cost a framing for each client.
 */
export class EventStream {
  private readonly socket: Socket;
  private state: 'replaying' | 'live' | 'ended' = 'replaying';
  /** Position up to which every event is written or filtered out. */
  private cursor: bigint;
  /** Last position that the client received as an id. */
  private sentPosition: bigint;
  private takenBefore = -1;

  /**
   * @param response an open response with its own socket.
   * @param start the stream begins after this position.
   */
  constructor(
    private readonly response: ServerResponse,
    readonly viewer: Viewer,
    private readonly filter: EventFilter,
    start: bigint,
  ) {
    this.socket = response.socket!;
    this.cursor = start;
    this.sentPosition = start;
  }

  /** Sends the headers and the first bytes. */
  begin(headers: OutgoingHttpHeaders, opening: Wire): void {
    this.socket.setNoDelay(true);
    this.socket.setTimeout(0);
    this.socket.cork();
    this.response.writeHead(200, headers);
    this.response.flushHeaders();
    this.write(opening);
    this.socket.uncork();
  }

  get isOpen(): boolean {
    return this.state !== 'ended' && this.socket.writable;
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  get position(): bigint {
    return this.cursor;
  }

  /** Number of written bytes that the client has not read yet. */
  get backlog(): number {
    return this.socket.writableLength;
  }

  /** Calls `listener` when the connection is closed for any reason. */
  onClose(listener: () => void): void {
    this.socket.once('close', listener);
  }

  /** Whether an event is visible to the viewer and matches the client's filter. */
  wants(event: Pick<Frame, 'type' | 'dealId' | 'audience'>): boolean {
    return isVisible(event, this.viewer) && this.filter.takes(event);
  }

  /** Accepts live frames; call it when everything between {@link position} and the tail is processed. */
  goLive(): void {
    if (this.state === 'replaying') this.state = 'live';
  }

  /**
   * Writes the tail's new frames that match.
   * @returns their number.
   */
  offer(frames: readonly Frame[]): number {
    if (this.state !== 'live') return 0;
    const wanted = frames.filter((frame) => frame.position > this.cursor && this.wants(frame));
    this.send(wanted);
    return wanted.length;
  }

  /** Writes matching frames, in order, as one chunk. */
  send(frames: readonly Frame[]): void {
    const last = frames.at(-1);
    if (!last) return;
    if (frames.length > 1) this.socket.cork();
    for (const { wire } of frames) this.write(wire);
    if (frames.length > 1) this.socket.uncork();
    this.cursor = last.position;
    this.sentPosition = last.position;
  }

  /** Marks everything up to `position` as processed. */
  skipTo(position: bigint): void {
    this.cursor = position;
  }

  /** Sends a reset, because the client cannot resume from its id, and goes live after `position`. */
  reset(reason: ResetReason, position: bigint): void {
    this.write(renderReset(reason, position));
    this.cursor = position;
    this.sentPosition = position;
    this.goLive();
  }

  /**
   * Sends a heartbeat.
   * @param position position of the tail.
   * @param moved heartbeat that contains this position.
   */
  beat(position: bigint, moved: Wire): void {
    if (this.state !== 'live' || this.sentPosition >= position) return this.write(HEARTBEAT);
    this.write(moved);
    this.sentPosition = position;
  }

  /** Whether bytes are pending and the client has read none since the last call. */
  hasStalled(): boolean {
    const taken = this.socket.bytesWritten - this.backlog;
    const stalled = this.backlog > 0 && taken === this.takenBefore;
    this.takenBefore = taken;
    return stalled;
  }

  /** Whether the last write is not read yet. */
  get isCongested(): boolean {
    return this.isOpen && this.socket.writableNeedDrain;
  }

  /** Resolves when the client has read what was written, or has disconnected. */
  drained(): Promise<void> {
    const { socket } = this;
    if (!this.isCongested) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  /** Ends the response and closes the connection. */
  end(farewell: Wire): void {
    if (!this.isOpen) return;
    this.write(farewell);
    this.state = 'ended';
    this.response.end();
    this.socket.destroySoon();
  }

  /** Drops the connection and its unread bytes; the client resumes by its last id. */
  cut(): void {
    this.state = 'ended';
    this.socket.destroy();
  }

  private write(wire: Wire): void {
    if (this.isOpen) this.socket.write(this.response.chunkedEncoding ? wire.chunk : wire.plain);
  }
}
