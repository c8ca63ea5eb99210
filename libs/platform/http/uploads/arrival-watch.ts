import { DomainError } from '#platform/kernel';

/** How fast the bytes of an upload must arrive. */
export interface ArrivalLimits {
  readonly minBytesPerSecond: number;
  /** Interval over which the rate is measured, in milliseconds. */
  readonly windowMs: number;
  /** Time after which the upload must be complete, in milliseconds. */
  readonly deadlineMs: number;
}

/** Refuses an upload whose bytes arrive below the minimum rate, or which is not complete at the deadline. */
export class ArrivalWatch {
  private bytesInWindow = 0;
  private refusal: DomainError | undefined;
  private refuseCurrent: ((refusal: DomainError) => void) | undefined;
  private readonly window: NodeJS.Timeout;
  private readonly deadline: NodeJS.Timeout;

  constructor({ minBytesPerSecond, windowMs, deadlineMs }: ArrivalLimits) {
    const minBytes = (minBytesPerSecond * windowMs) / 1_000;
    this.window = setInterval(() => {
      if (this.bytesInWindow < minBytes) this.refuse();
      this.bytesInWindow = 0;
    }, windowMs);
    this.deadline = setTimeout(() => this.refuse(), deadlineMs);
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
      next.then(resolve, reject);
      if (this.refusal) reject(this.refusal);
      else this.refuseCurrent = reject;
    });
  }

  /** Ends the measurement. */
  stop(): void {
    clearInterval(this.window);
    clearTimeout(this.deadline);
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
