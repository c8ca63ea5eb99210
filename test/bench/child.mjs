/**
 * A separate process for one side of a workload, so that both sides do not delay each other. It communicates over the
 * IPC channel of Node.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { treeCpuMs } from './processes.mjs';

/** Side of the parent process. */
export class Child {
  /** @param {string} name of a file in children/ */
  constructor(name) {
    const file = fileURLToPath(new URL(`children/${name}.mjs`, import.meta.url));
    this.process = fork(file, { serialization: 'advanced', execArgv: [] });
    this.waiting = new Map();
    this.lastId = 0;
    this.process.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(`${name}: ${error}`));
    });
    this.process.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name} ended with ${code}`));
    });
  }

  /** Calls a function of the child. @returns {Promise<unknown>} */
  ask(what, details = {}) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.process.send({ id, what, details });
    });
  }

  cpuMs() {
    return treeCpuMs(this.process.pid);
  }

  get pid() {
    return this.process.pid;
  }

  async stop() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

/** Side of the child process. @param {Record<string, (details: object) => unknown>} deeds by name */
export function answer(deeds) {
  process.on('message', ({ id, what, details }) => {
    Promise.resolve()
      .then(() => deeds[what](details))
      .then(
        (value) => process.send({ id, value }),
        (error) => process.send({ id, error: error.stack }),
      );
  });
  process.on('disconnect', () => process.exit());
}

/** Runs work with children, which are always stopped after it. */
export async function withChildren(names, work) {
  const children = names.map((name) => new Child(name));
  try {
    return await work(...children);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}
