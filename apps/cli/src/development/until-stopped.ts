import { print } from '../command.js';

/** Undoes one step, e.g. stops a server. */
export type Undo = () => Promise<void> | void;

/**
 * Runs `work` until it ends, fails or is stopped: by Ctrl-C, SIGTERM, or a closed terminal or output. Then undoes its
 * steps in reverse order. `work` registers after each step how to undo it.
 */
export async function untilStopped(work: (undoBy: (undo: Undo) => void) => Promise<void>): Promise<void> {
  const undos: Undo[] = [];
  let over = false;
  const undoBy = (undo: Undo): void => {
    if (over) throw new Error('stopped meanwhile'); // what was started ends with this process
    undos.push(undo);
  };
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.stdout.on('error', () => resolve());
  });
  try {
    await Promise.race([work(undoBy), stopped.then(() => print('\nStopping …'))]);
  } finally {
    over = true;
    for (const undo of undos.reverse()) await undo();
  }
}
