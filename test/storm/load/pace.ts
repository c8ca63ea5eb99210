import { setTimeout as delay } from 'node:timers/promises';

/** Spaces requests evenly; time in which none was sent is not made up for. */
export class Pace {
  private nextAt = 0;

  constructor(private readonly perSecond: number) {}

  async next(): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1_000 / this.perSecond;
    if (at - now > 1) await delay(at - now);
  }
}
