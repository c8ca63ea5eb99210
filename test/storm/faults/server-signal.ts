import { execFileSync } from 'node:child_process';
import type { Server } from '#platform/services';

/**
 * Sends a signal to the processes of a server: the main one first, so that it starts no others.
 * @param pids those of an earlier call; by default the present ones.
 * @returns the processes.
 */
export function signalServer(server: Server, signal: NodeJS.Signals, pids?: readonly number[]): readonly number[] {
  const main = server.pid;
  if (pids === undefined && main === undefined) return [];
  const send = (pid: number): void => {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  if (pids) pids.forEach(send);
  else send(main!);
  const known = pids ?? [main!, ...childrenOf(main!)];
  if (!pids) known.slice(1).forEach(send);
  return known;
}

function childrenOf(parent: number): number[] {
  const listed = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = listed.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return rows.flatMap(([pid, ppid]) => (ppid === parent ? [pid!] : []));
}
