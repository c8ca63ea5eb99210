import { DomainError } from '#platform/kernel';

/** How fast the bytes of an upload must arrive. */
export interface ArrivalLimits {
  readonly minBytesPerSecond: number;
  /** Waiting time over which the rate is measured, in milliseconds. */
  readonly windowMs: number;
  /** Waiting time after which the upload must be complete, in milliseconds. */
  readonly deadlineMs: number;
}

/** How often a window is sampled for whether the server waits for the client. */
const TICKS_PER_WINDOW = 20;

/**
 * Refuses an upload whose bytes arrive below the minimum rate, or which is not complete at the deadline.
 *
 * Only time in which the server was waiting for the client is measured, in ticks: a tick counts when a read is pending. A
 * blocked event loop or a stopped process delays a tick and adds no others, and while the server writes to its disk no
 * read is pending.
 */
export class ArrivalWatch {
  private readonly minBytes: number;
  private readonly deadlineTicks: number;
  private bytesInWindow = 0;
  private ticks = 0;
  private refusal: DomainError | undefined;
  /** Rejects the pending read. */
  private refuseCurrent: ((refusal: DomainError) => void) | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor({ minBytesPerSecond, windowMs, deadlineMs }: ArrivalLimits) {
    const tickMs = windowMs / TICKS_PER_WINDOW;
    this.minBytes = (minBytesPerSecond * windowMs) / 1_000;
    this.deadlineTicks = Math.ceil(deadlineMs / tickMs);
    // Timers run before sockets are read: what arrived before the tick is counted first.
    this.timer = setInterval(() => void setImmediate(() => this.tick()), tickMs);
  }

  /** Whether the upload was refused: its source may never settle. */
  get isRefused(): boolean {
    return this.refusal !== undefined;
  }

  count(bytes: number): void {
    this.bytesInWindow += bytes;
  }

  /**
   * Waits for `next`, but no longer than the limits allow. `Promise.race` with one long-lived promise would keep every
   * chunk of the upload in memory.
   * @throws DomainError 408 `upload_too_slow`.
   */
  inTime<T>(next: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.refusal) reject(this.refusal);
      this.refuseCurrent = reject;
      // Before the reader continues with its next read.
      const settled = (): void => {
        this.refuseCurrent = undefined;
      };
      next.finally(settled).then(resolve, reject);
    });
  }

  /** Ends the measurement. */
  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    if (!this.refuseCurrent) return;
    this.ticks++;
    if (this.ticks >= this.deadlineTicks) return this.refuse();
    if (this.ticks % TICKS_PER_WINDOW !== 0) return;
    if (this.bytesInWindow < this.minBytes) return this.refuse();
    this.bytesInWindow = 0;
  }

  private refuse(): void {
    this.stop();
    this.refusal = new DomainError(
      'timed_out',
      'upload_too_slow',
      'The file arrives too slowly. Send it over a faster connection, or split it.',
    );
    this.refuseCurrent?.(this.refusal);
  }
}
