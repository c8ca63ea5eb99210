import type { Frame } from './frame.js';

/** The last frames, without gap, up to a number of frames and of bytes. */
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

  /** The position up to which everything was taken in. */
  get last(): bigint {
    return this.lastTaken;
  }

  /** Forgets every frame; the next one expected is the one after `position`. */
  restart(position: bigint): void {
    this.slots.fill(undefined);
    this.first = position + 1n;
    this.lastTaken = position;
    this.bytes = 0;
  }

  /** Takes the next frame in; one that doesn't follow the last leaves it alone in the ring. */
  push(frame: Frame): void {
    if (frame.position !== this.lastTaken + 1n) this.restart(frame.position - 1n);
    if (this.held === this.capacity) this.dropFirst();
    this.slots[this.slotOf(frame.position)] = frame;
    this.lastTaken = frame.position;
    this.bytes += frame.wire.size;
    while (this.bytes > this.maxBytes && this.held > 1) this.dropFirst();
  }

  /** At most `limit` frames after `position`, in order; undefined when some of them are not held, or it lies ahead. */
  after(position: bigint, limit: number): Frame[] | undefined {
    if (position > this.lastTaken || position < this.first - 1n) return undefined;
    const count = Math.min(Number(this.lastTaken - position), limit);
    const start = this.slotOf(position + 1n);
    return Array.from({ length: count }, (_, index) => this.slots[(start + index) % this.capacity]!);
  }

  private get held(): number {
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
