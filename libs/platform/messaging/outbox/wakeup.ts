/**
 * Polling interval of the readers of the log, in milliseconds. Notifications wake them at once; a lost one delays events
 * by this time at most.
 */
export const LOG_POLL_MS = 2_000;

/** Pauses a loop until it is woken, its polling interval has passed, or its signal aborts. */
export class Wakeup {
  private woken = false;
  private resume: (() => void) | undefined;

  /** Ends the current pause, or the next one when the loop is not paused. */
  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  next(pollMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.resume = undefined;
        this.woken = false;
        resolve();
      };
      const timer = setTimeout(done, pollMs);
      this.resume = done;
      signal.addEventListener('abort', done, { once: true });
      if (this.woken || signal.aborted) done();
    });
  }
}
