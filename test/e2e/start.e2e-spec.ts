import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import pg from 'pg';
import { commandOf, freePort, isPortFree, runningPostgres } from '#platform/services';
import { until } from '#platform/testing';

const PREFLIGHT = resolve('apps/cli/src/preflight.mjs');

/** `npm start` in its own folder. */
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

const LEADING = 'ok       worker — one leads, by a valid lease.';

/** Lines of `doctor` for `npm start`, without those about PostgreSQL and its data. */
function linesOf(...processes: readonly string[]): string {
  const absent = 'not configured: events stay in the worker.';
  return [
    'ok       configuration — as for npm start, with a database of its own.',
    'ok       token secret — .data/jwt-secret contains one.',
    'skipped  Redis — not configured: queues live in PostgreSQL.',
    ...['RabbitMQ', 'unrouted', 'dead letters'].map((check) => `skipped  ${check} — ${absent}`),
    ...processes,
    '',
  ].join('\n');
}

function endOfStream(): never {
  throw new Error('the stream ended');
}

/** Runs a curl line, also on a machine without curl. */
async function paste(line: string): Promise<Response> {
  const headers = [...line.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name!, value!] as [string, string],
  );
  const body = /-d '([^']+)'/.exec(line)?.[1];
  const url = /'?(http\S+?)'?$/.exec(line)![1]!;
  return fetch(url, body ? { method: 'POST', headers, body } : { headers });
}

/** Runs lines in a shell that has a `curl`, in this repository. */
async function inShell(script: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  const tools = mkdtempSync(join(tmpdir(), 'tools-'));
  const curl = `#!/bin/sh\nexec "${process.execPath}" "${resolve('test/support/programs/curl.mjs')}" "$@"\n`;
  writeFileSync(join(tools, 'curl'), curl, { mode: 0o755 });
  const shell = spawn('bash', ['-ec', script], {
    env: { ...env, HOME: process.env.HOME, PATH: `${tools}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(shell, 'close')) as [number | null];
  rmSync(tools, { recursive: true });
  return { code, output };
}

describe('npm start', () => {
  let folder: string;
  let env: { CRM_PORT: string; CRM_WORKER_PORT: string; CRM_LOG_LEVEL: string };
  let run: Run;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crm-start-'));
    chmodSync(folder, 0o755);
    env = {
      CRM_PORT: String(await freePort()),
      CRM_WORKER_PORT: String(await freePort()),
      CRM_LOG_LEVEL: 'info',
    };
  });

  beforeEach(async () => {
    run = new Run(folder, { ...env, CRM_TIMEZON: 'Europe/Moscow' });
    await run.ready();
  });

  afterEach(async () => {
    run.process.kill('SIGKILL');
    await until(nothingRuns, 60_000);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  async function nothingRuns(): Promise<boolean> {
    const ports = await Promise.all(
      [env.CRM_PORT, env.CRM_WORKER_PORT].map(async (port) => isPortFree(Number(port), '0.0.0.0')),
    );
    return ports.every((free) => free) && runningPostgres(join(folder, '.data')) === undefined;
  }

  it('prints its steps with their duration, and a working curl line for the demo data', async () => {
    const steps = [...run.output.matchAll(/^ {2}(\w+) .*\d+\.\d s$/gm)].map(([, name]) => name);
    expect(steps).toEqual(['build', 'database', 'migration', 'demo', 'processes']);
    const [curl] = [...run.output.matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line!);
    const words = /\$\(npm run --silent crm -- ([^)]+)\)/.exec(curl!)!;
    const printed = new Run(folder, env, words[1]!.split(' '));
    expect(await printed.exitCode()).toBe(0);
    const token = printed.output.trim();
    const deals = await paste(curl!.replace(words[0], token).replaceAll('"', "'"));
    expect(((await deals.json()) as { items: unknown[] }).items).toHaveLength(5);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const base = `http://127.0.0.1:${env.CRM_PORT}`;
    const stream = await fetch(`${base}/streams/deals`, { headers });
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const client = JSON.stringify({ name: 'Demo client', kind: 'person' });
    expect((await fetch(`${base}/api/v1/clients`, { method: 'POST', headers, body: client })).status).toBe(201);
    const frames = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('event: client.created')) seen += (await frames.read()).value ?? endOfStream();
    await frames.cancel();
  });

  it('prints a sign-in link for the console for each role', async () => {
    const links = [...run.output.matchAll(/^ {2}(seller|executor|finance|lead|admin) +(\S+)$/gm)];
    expect(links.map(([, role]) => role)).toEqual(['seller', 'executor', 'finance', 'lead', 'admin']);
    for (const [, , link] of links) {
      const { origin, pathname, search, hash } = new URL(link!);
      expect([origin, pathname, search]).toEqual([`http://127.0.0.1:${env.CRM_PORT}`, '/console', '']);
      const headers = { authorization: `Bearer ${hash.replace('#token=', '')}` };
      expect((await fetch(`${origin}/api/v1/deals`, { headers })).status).toBe(200);
    }
  });

  it('accepts requests from this machine only, and says so', async () => {
    expect(run.output).toContain('It accepts requests from this machine only: CRM_HOST=0.0.0.0');
    // The same ports are free on another address of this machine, so they are not open on all addresses.
    for (const port of [env.CRM_PORT, env.CRM_WORKER_PORT]) {
      expect(await isPortFree(Number(port), '127.0.0.1')).toBe(false);
      expect(await isPortFree(Number(port), '127.0.0.2')).toBe(true);
    }
  });

  it('answers the first session of README.md, line by line', async () => {
    const [, text] = /^## A first session\n(.*?)^## /ms.exec(readFileSync('README.md', 'utf8'))!;
    const script = [...text!.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines]) => lines).join('');
    const shown = [...text!.matchAll(/^event: .+$/gm)].map(([line]) => line);
    const secret = readFileSync(join(folder, '.data/jwt-secret'), 'utf8');
    const { code, output } = await inShell(script, { ...env, CRM_JWT_ACCESS_SECRET: secret });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('"code":"version_mismatch"') });
    expect(output).toMatch(/"status":"paid".*"incomes_total":"333\.34"/);
    expect(output).toMatch(/"valid":true,"entries":\d+,"broken_at":null/);
    expect(shown.length).toBeGreaterThan(3);
    expect([...output.matchAll(/^event: .+$/gm)].map(([line]) => line)).toEqual(shown);
  });

  it('refuses in one line a second start, a port in use, and an empty secret', async () => {
    const second = new Run(folder, env);
    expect(await second.exitCode()).toBe(1);
    expect(second.output).toMatch(new RegExp(`^It already runs on \\.data \\(process ${run.process.pid}\\): .*\\n$`));
    const other = mkdtempSync(join(tmpdir(), 'crm-start-'));
    const busy = new Run(other, env);
    expect(await busy.exitCode()).toBe(1);
    expect(busy.output).toBe(`Port ${env.CRM_PORT} is in use: stop the other program or set CRM_PORT.\n`);
    writeFileSync(join(other, '.data/jwt-secret'), '');
    const withoutSecret = new Run(other, {});
    expect(await withoutSecret.exitCode()).toBe(1);
    expect(withoutSecret.output).toBe('.data/jwt-secret is empty: delete it, and the next start makes a new secret.\n');
    rmSync(other, { recursive: true });
  });

  it('passes doctor while it runs and after it was stopped', async () => {
    const examine = async (settings: NodeJS.ProcessEnv): Promise<{ code: number | null; lines: string }> => {
      const doctor = new Run(folder, settings, ['doctor']);
      const code = await doctor.exitCode();
      return {
        code,
        lines: doctor.output.replace(/^ok .*(PostgreSQL|schema|event log|money|events|jobs) — .*\n/gm, ''),
      };
    };
    const base = `http://127.0.0.1:${env.CRM_PORT}`;
    expect(await examine(env)).toEqual({ code: 0, lines: linesOf(`ok       API — ready at ${base}.`, LEADING) });
    const wrongPort = String(await freePort());
    expect(await examine({ ...env, CRM_PORT: wrongPort })).toEqual({
      code: 1,
      lines: linesOf(`FAILED   API — it does not answer at http://127.0.0.1:${wrongPort}. Restart npm start.`, LEADING),
    });
    run.process.kill('SIGINT');
    await run.exitCode();
    const stopped = ['skipped  API — npm start does not run.', 'skipped  worker — npm start does not run.'];
    expect(await examine(env)).toEqual({ code: 0, lines: linesOf(...stopped) });
    const secret = join(folder, '.data/jwt-secret');
    const content = readFileSync(secret);
    writeFileSync(secret, '');
    const { code, lines } = await examine(env);
    writeFileSync(secret, content);
    expect(code).toBe(1);
    expect(lines).toContain(
      'FAILED   token secret — .data/jwt-secret is empty. Delete it: the next npm start creates a new secret.',
    );
  });

  it('reports a misspelt variable once, and prints a readable log', () => {
    const faults = run.output.split('\n').filter((line) => line.includes('CRM_TIMEZON'));
    expect(faults).toEqual(['CRM_TIMEZON is not a setting and has no effect: did you mean CRM_TIMEZONE?']);
    expect(run.output).toMatch(/^\[[\d:.]+\] INFO.*: started$/m);
    expect(run.output).not.toContain('{"level"');
  });

  it('stops all programs although its output pipe is closed', async () => {
    run.process.stdout!.destroy();
    process.kill(run.process.pid!, 'SIGINT');
    expect(await run.exitCode()).toBe(0);
    expect(await nothingRuns()).toBe(true);
  });

  it('stops all programs on Ctrl-C and exits with 0', async () => {
    run.process.kill('SIGINT');
    expect(await run.exitCode()).toBe(0);
    expect(await nothingRuns()).toBe(true);
  });

  it('stops all programs and exits with 1 when the worker is killed', async () => {
    process.kill(workerOf(folder), 'SIGKILL');
    expect(await run.exitCode()).toBe(1);
    expect(run.output).toContain('The worker ended unexpectedly');
    expect(await nothingRuns()).toBe(true);
  });

  // Last: the schema stays that of other code.
  it('names the remedy when other code has migrated the database', async () => {
    const client = new pg.Client({ connectionString: runningPostgres(join(folder, '.data')) });
    await client.connect();
    await client.query(`INSERT INTO crm.migrations (timestamp, name) VALUES (9999999999999, 'Claims9999999999999')`);
    await client.end();
    run.process.kill('SIGINT');
    await run.exitCode();
    const again = new Run(folder, env);
    expect(await again.exitCode()).toBe(1);
    expect(again.output).toContain(
      'Other code has migrated the database (Claims9999999999999): run that code, or start without its data by npm start -- --fresh.\n',
    );
  });
});
