/** Each is one code unit. */
const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzЖжыйäßçあ語');

/** A seeded generator of pseudo-random choices (mulberry32): equal seeds make equal choices on every machine. */
export class Random {
  private state: number;

  /** @param seeds mixed into one, such as the seed of a run and the number of a request. */
  constructor(...seeds: readonly number[]) {
    this.state = 0x9e3779b9;
    for (const seed of seeds) {
      this.state = Math.imul(this.state ^ seed, 0x85ebca6b) >>> 0;
      this.next();
    }
  }

  /** At least 0, less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** One of the weighted choices. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)![1];
  }

  /** A UUID of version 4. */
  uuid(): string {
    const digits = Array.from({ length: 31 }, () => this.integer(0, 15).toString(16)).join('');
    const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(12, 15)}`, `a${digits.slice(15, 18)}`];
    return [...parts, digits.slice(18, 30)].join('-');
  }

  /** Letters of several scripts. */
  word(length: number): string {
    return Array.from({ length }, () => this.pick(LETTERS)).join('');
  }
}
