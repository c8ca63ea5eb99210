import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { until } from '#platform/testing';

const ROOT = join(__dirname, '../../..');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  /** stdout and stderr, interleaved. */
  readonly output: string;
}

/** A copy of this checkout that a test may change: tracked and new files, the same packages, and a `curl`. */
export class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), 'checkout-'));
  private readonly tools = mkdtempSync(join(tmpdir(), 'tools-'));
  private readonly running: ChildProcess[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv = {}) {
    // Leaves out the settings of the test run's servers.
    chmodSync(this.root, 0o755);
    const { stdout } = git(ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
    for (const file of stdout.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
      if (file === 'node_modules') continue;
      mkdirSync(dirname(join(this.root, file)), { recursive: true });
      cpSync(join(ROOT, file), join(this.root, file));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'), 'dir');
    const curl = join(this.tools, 'curl');
    writeFileSync(
      curl,
      `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'test/support/programs/curl.mjs')}" "$@"\n`,
    );
    chmodSync(curl, 0o755);
    git(this.root, 'init', '--quiet');
    git(this.root, 'add', '.');
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Paths that are new or changed since it was copied or {@link accept}ed. */
  changes(): string[] {
    const { stdout } = git(this.root, 'ls-files', '-z', '--modified', '--others', '--exclude-standard');
    return stdout.split('\0').filter((name) => name !== '' && name !== 'node_modules');
  }

  /** Makes the present files the base of the next comparison. */
  accept(): void {
    git(this.root, 'add', '.');
  }

  /** Runs shell lines without a terminal; stops at the first that fails. */
  async sh(script: string): Promise<Ended> {
    const child = this.spawn(script);
    const output = gathered(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output() };
  }

  /**
   * Starts a process that runs until it is stopped.
   * @throws Error with its output when it ends before it prints `ready`.
   */
  async start(script: string, ready: string): Promise<void> {
    const child = this.spawn(`exec ${script}`);
    this.running.push(child);
    const output = gathered(child);
    await until(() => {
      if (child.exitCode !== null) throw new Error(output());
      return output().includes(ready);
    }, 300_000);
  }

  /** Stops the started processes and deletes the copy. */
  async discard(): Promise<void> {
    for (const child of this.running.filter(({ exitCode }) => exitCode === null)) {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
    for (const folder of [this.root, this.tools]) rmSync(folder, { recursive: true });
  }

  private spawn(script: string): ChildProcess {
    return spawn('bash', ['-ec', script], {
      cwd: this.root,
      env: { ...process.env, ...this.env, PATH: `${this.tools}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

function gathered({ stdout, stderr }: ChildProcess): () => string {
  let output = '';
  for (const stream of [stdout!, stderr!]) stream.on('data', (text: Buffer) => (output += text.toString()));
  return () => output;
}

function git(cwd: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const ended = spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  if (ended.status !== 0) throw new Error(`git ${args.join(' ')}: ${ended.stderr}`);
  return ended;
}
