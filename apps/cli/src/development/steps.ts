import type { PerformanceMeasure } from 'node:perf_hooks';
import { print } from '../command.js';

const NAME_WIDTH = 11;
const RESULT_WIDTH = 46;

/** Prints the steps of `npm start`, a line each with its result and its time. */
export class Steps {
  /**
   * Runs a step and prints its line.
   * @param describe result of the step, in a few words.
   */
  async run<R>(name: string, work: () => Promise<R>, describe: (result: R) => string): Promise<R> {
    const begin = performance.now();
    const result = await work();
    show(name, describe(result), performance.now() - begin);
    return result;
  }

  /** Prints the build step, which ran before this program was loaded. */
  showBuild(): void {
    const build = performance.getEntriesByName('build')[0];
    if (build) show('build', String((build as PerformanceMeasure).detail), build.duration);
  }
}

function show(name: string, result: string, ms: number): void {
  print(`  ${name.padEnd(NAME_WIDTH)}${result.padEnd(RESULT_WIDTH)}${(ms / 1000).toFixed(1).padStart(5)} s`);
}
