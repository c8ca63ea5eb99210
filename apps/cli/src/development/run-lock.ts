import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOf } from '#platform/services';
import { CommandError, DATA_DIRECTORY } from '../command.js';

/**
 * Prevents a second `command` on the same data; a lock of a killed process does not count.
 * @returns a function that releases the lock.
 * @throws CommandError naming the process that has the lock.
 */
export function holdRunLock(command: string): () => void {
  mkdirSync(DATA_DIRECTORY, { recursive: true });
  const file = join(DATA_DIRECTORY, `${command}.pid`);
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(file, 'utf8'));
    if (isLockedBy(holder, command)) {
      throw new CommandError(
        `It already runs on ${DATA_DIRECTORY} (process ${holder}): press Ctrl-C there, or kill ${holder}.`,
      );
    }
    rmSync(file, { force: true });
  }
}

/** Whether another process runs `command` on the same data. */
export function isRunning(command: string): boolean {
  const file = join(DATA_DIRECTORY, `${command}.pid`);
  return existsSync(file) && isLockedBy(Number(readFileSync(file, 'utf8')), command);
}

/** Checks the command too, because the process id may be reused. */
function isLockedBy(pid: number, command: string): boolean {
  const words = commandOf(pid).split(' ');
  return (
    pid !== process.pid && words.includes(command) && words.some((word) => /(preflight\.mjs|main\.js)$/.test(word))
  );
}
