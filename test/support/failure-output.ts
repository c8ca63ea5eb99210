import { lastOutputOfAll } from './processes.js';
import { endLoads } from './write-load.js';

/** A test's body: when it fails, what the programs wrote is shown, and no load goes on behind it. */
export function withFailureOutput(body: () => Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await body();
    } catch (error) {
      process.stderr.write(lastOutputOfAll());
      throw error;
    } finally {
      await endLoads();
    }
  };
}
