import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { EventFilter } from './event-filter.js';
import { type Frame, HEARTBEAT, renderReset, type ResetReason } from './frame.js';
import { isVisible, type Viewer } from './viewer.js';
import type { Wire } from './wire.js';

/**
 * One open response that events are written to. It begins by replaying what its client missed and goes live when it
 * has met the tail of the log; from then on it is offered every frame as it comes.
 *
 * Chunks are written ready-made to the socket: passing them through the response would cost a framing for each client.
 */
export class EventStream {
  private readonly socket: Socket;
  private state: 'replaying' | 'live' | 'ended' = 'replaying';
  /** Everything up to this position is dealt with: written, or not for this client. */
  private cursor: bigint;
  /** The last position that the client knows as an id. */
  private told: bigint;
  private takenBefore = -1;

  /**
   * @param response whose socket is its own and open.
   * @param start the position after which the stream begins.
   */
  constructor(
    private readonly response: ServerResponse,
    readonly viewer: Viewer,
    private readonly filter: EventFilter,
    start: bigint,
  ) {
    this.socket = response.socket!;
    this.cursor = start;
    this.told = start;
  }

  /** Sends the head and the first bytes. */
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

  /** Bytes written that the client has not taken yet. */
  get backlog(): number {
    return this.socket.writableLength;
  }

  /** Calls `listener` when the connection is gone, however it went. */
  onClose(listener: () => void): void {
    this.socket.once('close', listener);
  }

  /** Whether an event is in its viewer's scope and its client's filter. */
  wants(event: Pick<Frame, 'type' | 'dealId' | 'audience'>): boolean {
    return isVisible(event, this.viewer) && this.filter.takes(event);
  }

  /** Lets frames in as they come; to be called once everything up to {@link position} and the tail is dealt with. */
  goLive(): void {
    if (this.state === 'replaying') this.state = 'live';
  }

  /**
   * Writes those of the tail's new frames that it wants.
   * @returns how many.
   */
  offer(frames: readonly Frame[]): number {
    if (this.state !== 'live') return 0;
    const wanted = frames.filter((frame) => frame.position > this.cursor && this.wants(frame));
    this.send(wanted);
    return wanted.length;
  }

  /** Writes frames that it wants, in order, as one piece. */
  send(frames: readonly Frame[]): void {
    const last = frames.at(-1);
    if (!last) return;
    if (frames.length > 1) this.socket.cork();
    for (const { wire } of frames) this.write(wire);
    if (frames.length > 1) this.socket.uncork();
    this.cursor = last.position;
    this.told = last.position;
  }

  /** Notes that nothing up to `position` is still to be written. */
  skipTo(position: bigint): void {
    this.cursor = position;
  }

  /** Tells the client that it can't go on from its id, and goes live after `position`. */
  reset(reason: ResetReason, position: bigint): void {
    this.write(renderReset(reason, position));
    this.cursor = position;
    this.told = position;
    this.goLive();
  }

  /**
   * Shows the client that the stream lives.
   * @param position how far the tail is.
   * @param moved the heartbeat that names this position.
   */
  beat(position: bigint, moved: Wire): void {
    if (this.state !== 'live' || this.told >= position) return this.write(HEARTBEAT);
    this.write(moved);
    this.told = position;
  }

  /** Whether the client has bytes to take and took none since this was asked last. */
  hasStalled(): boolean {
    const taken = this.socket.bytesWritten - this.backlog;
    const stalled = this.backlog > 0 && taken === this.takenBefore;
    this.takenBefore = taken;
    return stalled;
  }

  /** Whether the client has still to take what was written last. */
  get isCongested(): boolean {
    return this.isOpen && this.socket.writableNeedDrain;
  }

  /** Resolves when the client has taken what was written, or is gone. */
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

  /** Ends the response in good order, and the connection with it. */
  end(farewell: Wire): void {
    if (!this.isOpen) return;
    this.write(farewell);
    this.state = 'ended';
    this.response.end();
    this.socket.destroySoon();
  }

  /** Drops the connection and what was not yet taken; the client goes on elsewhere by its last id. */
  cut(): void {
    this.state = 'ended';
    this.socket.destroy();
  }

  private write(wire: Wire): void {
    if (this.isOpen) this.socket.write(this.response.chunkedEncoding ? wire.chunk : wire.plain);
  }
}
