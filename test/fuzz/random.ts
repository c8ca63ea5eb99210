import { Dice } from '../../apps/cli/src/demo/content/dice.js';

/** Each is one code unit. */
const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzЖжыйäßçあ語');

/** Seeded choices of a request: the same seeds give the same choices. */
export class Random extends Dice {
  /** @param seeds such as the seed of a run and the number of a request. */
  constructor(...seeds: readonly number[]) {
    super(seeds.reduce((state, seed) => Math.imul(state ^ seed, 0x85ebca6b) >>> 0, 0x9e3779b9));
  }

  /** One of the weighted choices. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)![1];
  }

  /** Letters of several scripts. */
  word(length: number): string {
    return Array.from({ length }, () => this.pick(LETTERS)).join('');
  }
}
