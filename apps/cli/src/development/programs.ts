import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from '#platform/services';
import { DATA_DIRECTORY } from '../command.js';
import type { DevelopmentSettings } from './development-settings.js';

/** Longer than a process waits for a database that is slow. */
const READY_TIMEOUT_MS = 180_000;

/** Additional time after a process's own shutdown limit, before it is killed. */
const STOP_MARGIN_MS = 2_000;

/** One process of the service. */
export interface Program {
  readonly name: string;
  readonly process: ServerProcess;
}

/** What a process reads from standard input before it runs, as JSON. */
export interface ProgramInput {
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the processes need in order to run. */
export interface ProgramSetup {
  readonly settings: DevelopmentSettings;
  readonly databaseUrl: string;
}

/**
 * The API and the worker. They load their modules at once, and run when their setup is known.
 * @param setup resolves when the database can be used.
 */
export function programsOf(env: NodeJS.ProcessEnv, setup: Promise<ProgramSetup>): readonly Program[] {
  return [program('The API', 'api', env, setup), program('The worker', 'worker', env, setup)];
}

function program(name: string, app: 'api' | 'worker', env: NodeJS.ProcessEnv, setup: Promise<ProgramSetup>): Program {
  let known: ProgramSetup | undefined;
  const input = setup.then((ready) => {
    known = ready;
    return JSON.stringify({ env: { ...ready.settings.env, CRM_DATABASE_URL: ready.databaseUrl } });
  });
  input.catch(() => undefined); // reported by the process that waits for it, if it was started
  return {
    name,
    process: new ServerProcess({
      name,
      command: process.execPath,
      args: [
        fileOf('./preload.js'),
        fileOf(`../../../${app}/src/${app}.program.js`),
        fileOf(`../../../${app}/src/main.js`),
      ],
      // Node 22 and newer load faster what they compiled before.
      env: { NODE_COMPILE_CACHE: resolve(DATA_DIRECTORY, 'compile-cache'), NODE_ENV: 'development', ...env },
      cwd: process.cwd(),
      input,
      output: 'inherit',
      stopSignal: 'SIGTERM',
      readyTimeoutMs: READY_TIMEOUT_MS,
      get stopTimeoutMs() {
        return (known?.settings.shutdownTimeoutMs ?? 0) + STOP_MARGIN_MS;
      },
      isReady: () => isReady(app, known!.settings),
    }),
  };
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

async function isReady(app: 'api' | 'worker', { host, apiPort, workerPort }: DevelopmentSettings): Promise<boolean> {
  const port = app === 'api' ? apiPort : workerPort;
  try {
    return (await fetch(`http://${host}:${port}/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
