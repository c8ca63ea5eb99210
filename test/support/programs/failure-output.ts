import { lastOutputOfAll } from './processes.js';
import { endLoads } from '../books/write-load.js';

/** Wraps a test body: prints the output of all programs when it fails, and stops every load after it. */
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
