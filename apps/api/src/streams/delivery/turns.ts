/** Limits concurrency; waiting work runs in first-in, first-out order. */
export class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param most maximum number of concurrent runs. */
  constructor(most: number) {
    this.free = most;
  }

  /** Runs `work` as soon as a slot is free. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
