import type { Frame } from './frame.js';

/** Ring buffer of the last frames without gaps, limited by number and bytes. */
export class FrameRing {
  private readonly slots: (Frame | undefined)[];
  private readonly modulus: bigint;
  private first = 1n;
  private lastTaken = 0n;
  private bytes = 0;

  constructor(
    private readonly capacity: number,
    private readonly maxBytes: number,
  ) {
    this.slots = new Array<Frame | undefined>(capacity);
    this.modulus = BigInt(capacity);
  }

  /** Position up to which the frames were added. */
  get last(): bigint {
    return this.lastTaken;
  }

  /** Removes every frame; the next one follows `position`. */
  restart(position: bigint): void {
    this.slots.fill(undefined);
    this.first = position + 1n;
    this.lastTaken = position;
    this.bytes = 0;
  }

  /** Adds the next frame; a frame that does not follow the last one replaces the contents. */
  push(frame: Frame): void {
    if (frame.position !== this.lastTaken + 1n) this.restart(frame.position - 1n);
    if (this.size === this.capacity) this.dropFirst();
    this.slots[this.slotOf(frame.position)] = frame;
    this.lastTaken = frame.position;
    this.bytes += frame.wire.size;
    while (this.bytes > this.maxBytes && this.size > 1) this.dropFirst();
  }

  /** Returns up to `limit` frames after `position`, in order; undefined if one is missing or the position is ahead. */
  after(position: bigint, limit: number): Frame[] | undefined {
    if (position > this.lastTaken || position < this.first - 1n) return undefined;
    const count = Math.min(Number(this.lastTaken - position), limit);
    const start = this.slotOf(position + 1n);
    return Array.from({ length: count }, (_, index) => this.slots[(start + index) % this.capacity]!);
  }

  private get size(): number {
    return Number(this.lastTaken - this.first) + 1;
  }

  private dropFirst(): void {
    const slot = this.slotOf(this.first);
    this.bytes -= this.slots[slot]!.wire.size;
    this.slots[slot] = undefined;
    this.first += 1n;
  }

  private slotOf(position: bigint): number {
    return Number(position % this.modulus);
  }
}
