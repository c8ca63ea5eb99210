import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '#platform/services';
import { accessToken, until } from '#platform/testing';

/** Where the build is that runs; another one can be named to see what the tests say of a broken program. */
const ROOT = process.env.CRM_TEST_BUILD ?? join(__dirname, '../..');
const START_WITHIN_MS = 60_000;
/** Lines of each program shown when a test fails. */
const SHOWN_LINES = 60;

/** Waits on a pipe that only the test holds open: its end without a line means that the test was killed. */
const OUTLIVED = 'read -r _ && exit 0; kill -KILL "$1" 2>/dev/null';

/** How a program ended. */
export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of a program's log, parsed; `msg` alone when it was no JSON. */
export interface LogLine {
  readonly level?: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const started = new Set<Program>();

/** The API or the worker as a process of its own, run as in production. */
export class Program {
  /** What it wrote to its log, stdout and stderr, since it was first started. */
  readonly lines: LogLine[] = [];
  private child: ChildProcess | undefined;
  private ending: Promise<Exit> | undefined;
  /** Where in `lines` the present process begins. */
  private begin = 0;

  private constructor(
    readonly name: 'api' | 'worker',
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    started.add(this);
  }

  /** @param env its whole environment but for the port, which is one that is free. */
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

  /** Resolves when the process that runs now has ended, however. */
  get exit(): Promise<Exit> {
    if (!this.ending) throw new Error(`${this.name} was never started`);
    return this.ending;
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Starts the process without waiting for anything. */
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
    // Its pipes are read to their end by then.
    this.ending = once(child, 'close').then(([code, signal]) => {
      this.child = undefined;
      guard.stdin.end('\n');
      return { code, signal };
    });
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<this> {
    this.launch();
    await this.ready();
    return this;
  }

  /** @throws Error with its last words when it ends instead. */
  async ready(): Promise<void> {
    await until(async () => {
      if (!this.isRunning) throw new Error(`${this.name} ended while starting:\n${this.lastWords(5)}`);
      return (await this.readiness()) === 200;
    }, START_WITHIN_MS);
  }

  /** Status of `/health/ready`; undefined when nobody answers. */
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

  /** SIGKILL: a crash with no chance to clear up. */
  async kill(): Promise<Exit> {
    return this.signal('SIGKILL');
  }

  /** Keeps it from running on, as a machine that hangs. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** The last line with this text and these fields that the process that was started last has written. */
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

/** What every program wrote last, for whoever looks into a failure. */
export function lastOutputOfAll(): string {
  return [...started].map((program) => `${program.lastWords(SHOWN_LINES)}\n`).join('');
}

/** Kills what a test file left running; for `afterAll`. */
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
