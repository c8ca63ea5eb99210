import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Waits on a pipe that only its parent has open. A line means a regular end; the end of the pipe means that it died,
 * by `kill -9` too: the process `$1` is then sent `$2`, later KILL, and the folder `$3` is deleted.
 */
const WATCH = `
read -r _ && exit 0
kill -s "$2" "$1" 2>/dev/null
n=0
while [ $n -lt 100 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
kill -s KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf "$3"
`;

export interface Guard {
  /** The process is gone or on its own from here on. */
  release(): void;
}

/**
 * Makes sure that the process `pid` doesn't outlive this one, however this one ends.
 *
 * @param scratch a folder that is deleted with it.
 */
export function guardProcess(pid: number, signal: NodeJS.Signals, scratch = ''): Guard {
  const watcher = spawn('sh', ['-c', WATCH, 'sh', String(pid), signal.replace('SIG', ''), scratch], {
    cwd: '/',
    detached: true, // Ctrl-C goes to the whole foreground group and must not end the watch
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  const line = watcher.stdin as Socket;
  line.unref();
  line.on('error', () => line.destroy()); // the watcher itself was killed: there is no process to notify
  return { release: () => line.end('\n') };
}
