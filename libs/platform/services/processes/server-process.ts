import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guard, guardProcess } from './process-guard.js';
import { ServiceError } from '../service-error.js';

/** The OS user a process runs as, where it must not be the present one. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessSpec {
  /** For messages: `PostgreSQL`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment, nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly owner?: Owner | undefined;
  /** Text for its standard input, which then ends; the time to become ready begins with it. Empty input when unset. */
  readonly input?: Promise<string> | undefined;
  /** File that takes its output, or `inherit` to write to this process's own. */
  readonly output: string;
  readonly stopSignal: NodeJS.Signals;
  /** How long it may take to become ready, in milliseconds. */
  readonly readyTimeoutMs: number;
  /** How long it may take to stop before it is killed, in milliseconds. */
  readonly stopTimeoutMs: number;
  /** A folder to delete if this process is killed before it could. */
  readonly scratch?: string | undefined;
  isReady(): Promise<boolean>;
}

const POLL_MS = 20;

/** One process of ours in its own process group: started until ready, stopped by its pid, never outliving its parent. */
export class ServerProcess {
  private child: ChildProcess | undefined;
  private guard: Guard | undefined;
  private startedBefore = false;

  constructor(private readonly spec: ProcessSpec) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the running process has ended for any reason; at once when none runs. This process stays alive. */
  async ended(): Promise<void> {
    if (!this.child) return;
    this.child.ref();
    await once(this.child, 'exit');
  }

  /**
   * Starts it and waits until it is ready; does nothing when it runs already.
   * @throws ServiceError `start` with the last thing it said.
   */
  async start(): Promise<void> {
    if (this.child) return;
    const child = await this.spawn();
    try {
      await this.becomeReady(child);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Asks it to stop and waits; kills it after its time. */
  async stop(): Promise<void> {
    await this.end(this.spec.stopSignal);
  }

  /** A crash: SIGKILL, with no chance to save anything. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  private async spawn(): Promise<ChildProcess> {
    const { spec } = this;
    const inherits = spec.output === 'inherit';
    const output = inherits ? 'inherit' : openSync(spec.output, this.startedBefore ? 'a' : 'w');
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      ...spec.owner,
      detached: true, // Ctrl-C is for this process to hear: it then stops the others in order
      stdio: [spec.input ? 'pipe' : 'ignore', output, output],
    });
    if (typeof output === 'number') closeSync(output);
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new ServiceError('start', `${spec.name} can't be started: ${(error as Error).message}.`);
    }
    this.startedBefore = true;
    this.child = child;
    this.guard = guardProcess(child.pid!, spec.stopSignal, spec.scratch);
    child.unref();
    child.once('exit', () => {
      this.child = undefined;
      this.guard?.release();
    });
    return child;
  }

  private async becomeReady(child: ChildProcess): Promise<void> {
    const { readyTimeoutMs, input } = this.spec;
    if (input) {
      child.stdin!.on('error', () => undefined); // it has ended: the first look at it below says so
      child.stdin!.end(await input);
    }
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await this.spec.isReady())) {
      if (this.child !== child) throw this.failure('ended');
      if (Date.now() > deadline) throw this.failure(`was not ready after ${readyTimeoutMs / 1000} s`);
      await sleep(POLL_MS);
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child) return;
    child.ref();
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), this.spec.stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  }

  private failure(what: string): ServiceError {
    const { name, output } = this.spec;
    if (output === 'inherit') return new ServiceError('start', `${name} ${what} while starting: see its output above.`);
    return new ServiceError('start', `${name} ${what} while starting: ${lastWords(output)} (${output})`);
  }
}

/** The line of a log that most likely says what went wrong: the last fatal one, or just the last. */
function lastWords(log: string): string {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const fatal = lines.findLast((line) => /\b(FATAL|PANIC|ERROR|Failed|error)\b/.test(line));
  return (fatal ?? lines.at(-1) ?? 'it said nothing').trim();
}
