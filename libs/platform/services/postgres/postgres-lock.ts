import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '../service-error.js';

/** Time limit for a stopping server, e.g. after its parent was killed, to release the directory. */
const RELEASE_MS = 5_000;
const POLL_MS = 50;

/** The server that uses a data directory. */
export interface Lock {
  readonly pid: number;
  readonly port: number;
}

/**
 * Waits until no server uses the data directory `data` (its real path).
 * @throws ServiceError `busy` when one still runs.
 */
export async function awaitUnlocked(data: string): Promise<void> {
  const deadline = Date.now() + RELEASE_MS;
  for (let lock = readLock(data); lock; lock = readLock(data)) {
    if (Date.now() > deadline) {
      const remedy = `stop the program that started it, or kill ${lock.pid}`;
      throw new ServiceError('busy', `${data} is in use by a PostgreSQL that runs (process ${lock.pid}): ${remedy}.`);
    }
    await sleep(POLL_MS);
  }
  removeMisleadingLock(data);
}

/** The server that uses `data` (its real path) now, or undefined. */
export function readLock(data: string): Lock | undefined {
  const lock = parseLock(data);
  return lock && serves(lock.pid, data) ? lock : undefined;
}

function parseLock(data: string): Lock | undefined {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

function serves(pid: number, data: string): boolean {
  if (!commandOf(pid).includes('postgres')) return false;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === data; // a server's working directory is its data directory
  } catch {
    return true;
  }
}

/**
 * PostgreSQL itself deals with the lock of a killed server, unless another process has got its pid meanwhile: it takes
 * that one for the server. Only then is the file removed, since it also guards against that server's last children.
 */
function removeMisleadingLock(data: string): void {
  const lock = parseLock(data);
  if (lock && isAlive(lock.pid)) rmSync(join(data, 'postmaster.pid'));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a running process; empty when there is none, or only its unread exit code. */
export function commandOf(pid: number): string {
  if (!Number.isInteger(pid) || pid <= 0) return '';
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio });
  } catch {
    return '';
  }
}
