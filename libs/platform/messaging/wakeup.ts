/** Lets a loop rest until it is woken, its polling interval has passed, or it is told to stop. */
export class Wakeup {
  private woken = false;
  private resume: (() => void) | undefined;

  /** A wake-up that comes while the loop is busy is kept for its next rest. */
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
