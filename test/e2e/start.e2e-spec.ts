import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readlinkSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commandOf, freePort, isPortFree, runningPostgres } from '#platform/services';
import { until } from '#platform/testing';

const PREFLIGHT = resolve('apps/cli/src/preflight.mjs');

/** `npm start` in a folder of its own. */
class Run {
  output = '';
  readonly process: ChildProcess;
  private readonly exited: Promise<unknown>;

  constructor(folder: string, env: NodeJS.ProcessEnv, args: readonly string[] = ['start']) {
    this.process = spawn(process.execPath, [PREFLIGHT, ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.process, 'close');
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on('data', (text: Buffer) => (this.output += text.toString()));
  }

  async ready(): Promise<void> {
    await until(() => {
      if (this.process.exitCode !== null) throw new Error(this.output);
      return this.output.includes('Ctrl-C');
    }, 120_000);
  }

  async exitCode(): Promise<number | null> {
    await this.exited;
    return this.process.exitCode;
  }
}

/** The process id of the worker that was started in `folder`. */
function workerOf(folder: string): number {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.find(
    (pid) => commandOf(pid).includes('worker/src/main.js') && readlinkSync(`/proc/${pid}/cwd`) === folder,
  )!;
}

function endOfStream(): never {
  throw new Error('the stream ended');
}

/** What a curl line does, on a machine that may have no curl. */
async function paste(line: string): Promise<Response> {
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name!, value!] as [string, string],
  );
  const body = /-d '([^']+)'/.exec(line)?.[1];
  const url = /'?(http\S+?)'?$/.exec(line)![1]!;
  return fetch(url, body ? { method: 'POST', headers, body } : { headers });
}

describe('npm start', () => {
  let folder: string;
  let env: { CRM_PORT: string; CRM_WORKER_PORT: string };
  let run: Run;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crm-start-'));
    chmodSync(folder, 0o755);
    env = { CRM_PORT: String(await freePort()), CRM_WORKER_PORT: String(await freePort()) };
  });

  beforeEach(async () => {
    run = new Run(folder, env);
    await run.ready();
  });

  afterEach(async () => {
    run.process.kill('SIGKILL');
    await until(nothingRuns, 60_000);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  async function nothingRuns(): Promise<boolean> {
    const ports = await Promise.all(Object.values(env).map(async (port) => isPortFree(Number(port), '0.0.0.0')));
    return ports.every((free) => free) && runningPostgres(join(folder, '.data')) === undefined;
  }

  it('shows demo data, and prints tokens and curl lines that work', async () => {
    const [list, add, follow] = [...run.output.matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line!);
    const deals = (await (await paste(list!)).json()) as { items: unknown[] };
    expect(deals.items).toHaveLength(5);
    const stream = await paste(follow!);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect((await paste(add!)).status).toBe(201);
    const frames = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('event: client.created')) seen += (await frames.read()).value ?? endOfStream();
    await frames.cancel();
    const tokens = [...run.output.matchAll(/^ {2}(?:seller|executor|finance|lead|admin) +(\S+)$/gm)].map(
      ([, token]) => token!,
    );
    expect(tokens).toHaveLength(5);
    for (const token of tokens) {
      const answer = await fetch(`http://127.0.0.1:${env.CRM_PORT}/api/v1/deals`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(answer.status).toBe(200);
    }
  });

  it('is refused in one line while it runs, and with a port that is taken', async () => {
    const second = new Run(folder, env);
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toMatch(new RegExp(`^It already runs on \\.data \\(process ${run.process.pid}\\): .*\\n$`));
    const other = mkdtempSync(join(tmpdir(), 'crm-start-'));
    const busy = new Run(other, env);
    expect(await busy.exitCode()).toBe(1);
    expect(busy.output).toBe(`Port ${env.CRM_PORT} is in use: stop the other program or set CRM_PORT.\n`);
    rmSync(other, { recursive: true });
  });

  it('stops everything on Ctrl-C and leaves with 0', async () => {
    run.process.kill('SIGINT');
    expect(await run.exitCode()).toBe(0);
    expect(await nothingRuns()).toBe(true);
  });

  it('stops everything and leaves with 1 when the worker dies', async () => {
    process.kill(workerOf(folder), 'SIGKILL');
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('The worker ended by itself');
    expect(await nothingRuns()).toBe(true);
  });
});
