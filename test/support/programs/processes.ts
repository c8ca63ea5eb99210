import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '#platform/services';
import { accessToken, until } from '#platform/testing';

/** Folder of the build under test; another one can be given to run the tests on a broken program. */
const ROOT = process.env.CRM_TEST_BUILD ?? join(__dirname, '../../..');
const START_WITHIN_MS = 60_000;
/** Lines of each program shown when a test fails. */
const SHOWN_LINES = 60;

/** Reads a pipe that only the test has open: its end without a line means that the test was killed. */
const OUTLIVED = 'read -r _ && exit 0; kill -KILL "$1" 2>/dev/null';

/** How a program ended. */
export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A parsed line of a program's log; only `msg` when it is not JSON. */
export interface LogLine {
  readonly level?: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const started = new Set<Program>();

/** The API or the worker in its own process, run as in production. */
export class Program {
  /** Lines of stdout and stderr since its first start. */
  readonly lines: LogLine[] = [];
  private child: ChildProcess | undefined;
  private ending: Promise<Exit> | undefined;
  /** Index in `lines` of the first line of the present process. */
  private begin = 0;

  private constructor(
    readonly name: 'api' | 'worker',
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    started.add(this);
  }

  /** @param env its whole environment except the port, which is a free one. */
  static async api(env: NodeJS.ProcessEnv): Promise<Program> {
    const port = await freePort();
    return new Program('api', port, { ...env, CRM_PORT: String(port) });
  }

  static async worker(env: NodeJS.ProcessEnv): Promise<Program> {
    const port = await freePort();
    return new Program('worker', port, { ...env, CRM_WORKER_PORT: String(port) });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the present process has ended, for any reason. */
  get exit(): Promise<Exit> {
    if (!this.ending) throw new Error(`${this.name} was never started`);
    return this.ending;
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Starts the process without waiting until it is ready. */
  launch(): void {
    const child = spawn(process.execPath, [join(ROOT, `dist/apps/${this.name}/src/main.js`)], {
      cwd: ROOT,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => this.lines.push(parsed(line)));
    }
    const guard = spawn('sh', ['-c', OUTLIVED, 'sh', String(child.pid)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.child = child;
    this.begin = this.lines.length;
    // `close` comes after its pipes are read to their end.
    this.ending = once(child, 'close').then(([code, signal]) => {
      this.child = undefined;
      guard.stdin.end('\n');
      return { code, signal };
    });
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<this> {
    this.launch();
    await this.ready();
    return this;
  }

  /** @throws Error with its last output when it ends instead. */
  async ready(): Promise<void> {
    await until(async () => {
      if (!this.isRunning) throw new Error(`${this.name} ended while starting:\n${this.lastWords(5)}`);
      return (await this.readiness()) === 200;
    }, START_WITHIN_MS);
  }

  /** Status of `/health/ready`; undefined without an answer. */
  async readiness(): Promise<number | undefined> {
    try {
      return (await fetch(`${this.url}/health/ready`)).status;
    } catch {
      return undefined;
    }
  }

  /** The value of a metric, named with its labels as Prometheus writes them; undefined when it has none. */
  async metric(name: string): Promise<number | undefined> {
    const token = accessToken({ userId: randomUUID(), roles: ['ROLE_ADMIN'] });
    const answer = await fetch(`${this.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  /** SIGTERM, as every orchestrator sends it. */
  async stop(): Promise<Exit> {
    return this.signal('SIGTERM');
  }

  /** SIGKILL: a crash without cleanup. */
  async kill(): Promise<Exit> {
    return this.signal('SIGKILL');
  }

  /** SIGSTOP: freezes the process, as a machine that hangs. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Sends a signal that a preloaded part of the program handles. */
  notify(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** The last log line of the present process with this text and these fields. */
  lastSaid(text: string, fields: Readonly<Record<string, unknown>> = {}): LogLine | undefined {
    const wanted = Object.entries(fields);
    return this.lines
      .slice(this.begin)
      .findLast((line) => line.msg.includes(text) && wanted.every(([name, value]) => line[name] === value));
  }

  said(text: string): boolean {
    return this.lastSaid(text) !== undefined;
  }

  lastWords(count: number): string {
    return this.lines
      .slice(-count)
      .map((line) => `  ${this.name}: ${JSON.stringify(line)}`)
      .join('\n');
  }

  private async signal(signal: NodeJS.Signals): Promise<Exit> {
    this.child?.kill(signal);
    return this.exit;
  }
}

/** The last output of every program, to diagnose a failure. */
export function lastOutputOfAll(): string {
  return [...started].map((program) => `${program.lastWords(SHOWN_LINES)}\n`).join('');
}

/** Kills the programs that a test file left running; for `afterAll`. */
export async function killPrograms(): Promise<void> {
  const running = [...started].filter(({ isRunning }) => isRunning);
  await Promise.all(running.map((program) => program.kill()));
  started.clear();
}

function parsed(line: string): LogLine {
  try {
    const fields = JSON.parse(line) as Partial<LogLine>;
    return { ...fields, msg: fields.msg ?? '' };
  } catch {
    return { msg: line };
  }
}
