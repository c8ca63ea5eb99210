/**
 * Measured processes: start until ready, stop by pid, CPU and memory used so far.
 * CPU and memory come from Linux's /proc.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;
const POLL_MS = 10;
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 25_000;

/** A separate program that serves HTTP on 127.0.0.1. */
export class Program {
  /**
   * @param {object} spec
   * @param {string} spec.name
   * @param {readonly string[]} spec.command the program and its arguments
   * @param {NodeJS.ProcessEnv} spec.env its whole environment
   * @param {number} spec.port where it listens
   * @param {string} spec.readyPath answered 200 once it can work
   * @param {string} spec.log file that takes its output
   * @param {string} [spec.cwd]
   */
  constructor(spec) {
    this.spec = spec;
    this.name = spec.name;
    this.port = spec.port;
    this.url = `http://127.0.0.1:${spec.port}`;
  }

  /** @returns {number} undefined while it doesn't run */
  get pid() {
    return this.child?.pid;
  }

  /**
   * Starts it and waits until it is ready.
   * @returns {Promise<number>} milliseconds from the start of the process to the first good answer
   * @throws {Error} with the end of its log
   */
  async start() {
    const { command, env, log, cwd, readyPath } = this.spec;
    const output = openSync(log, 'a');
    const began = performance.now();
    this.child = spawn(command[0], command.slice(1), { env, cwd, stdio: ['ignore', output, output] });
    closeSync(output);
    this.ended = once(this.child, 'exit').then(() => (this.child = undefined));
    const killWithUs = () => this.child?.kill('SIGKILL');
    process.once('exit', killWithUs);
    void this.ended.then(() => process.off('exit', killWithUs));
    while (!(await answers(this.url + readyPath))) {
      const failed = !this.child ? 'ended' : performance.now() - began > READY_WITHIN_MS ? 'is not ready' : undefined;
      if (failed) throw new Error(`${this.name} ${failed}:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
      await delay(POLL_MS);
    }
    return performance.now() - began;
  }

  /** SIGTERM, later SIGKILL. */
  async stop() {
    const { child } = this;
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** CPU used by it and its children so far, user and system, in milliseconds. */
  cpuMs() {
    return treeCpuMs(this.pid);
  }

  /** Resident memory now, in megabytes (10^6 bytes). */
  rssMb() {
    return memoryMb(this.pid, 'VmRSS');
  }

  /** Most resident memory so far, in megabytes. */
  peakRssMb() {
    return memoryMb(this.pid, 'VmHWM');
  }
}

/** CPU of a process and everything below it so far, ended children included, in milliseconds. */
export function treeCpuMs(pid) {
  const all = processes();
  const used = (id) => {
    const one = all.get(id);
    if (!one) return 0;
    return one.cpuMs + one.children.reduce((sum, child) => sum + used(child), 0);
  };
  return used(pid);
}

function processes() {
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(name);
    if (stat) all.set(Number(name), { ...stat, children: [] });
  }
  for (const [pid, { parent }] of all) all.get(parent)?.children.push(pid);
  return all;
}

/** Fields of /proc/<pid>/stat after the name, which may contain any character; undefined when it has just ended. */
function statOf(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), cpuMs: (user + system + endedUser + endedSystem) * MS_PER_TICK };
}

function memoryMb(pid, field) {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kilobytes) * 1024) / 1e6;
}

async function answers(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
