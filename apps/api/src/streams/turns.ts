/** Lets a few run at a time, in the order they came. */
export class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param most how many at a time. */
  constructor(most: number) {
    this.free = most;
  }

  /** Runs `work` when its turn has come. */
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
