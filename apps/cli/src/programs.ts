import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerProcess } from '#platform/services';
import { DATA_DIRECTORY } from './command.js';
import type { DevelopmentSettings } from './development-settings.js';

/** Beyond the time a process gives itself, before it is killed. */
const STOP_MARGIN_MS = 2_000;

/** One process of the service. */
export interface Program {
  readonly name: string;
  readonly process: ServerProcess;
}

/**
 * The API and the worker. They load at once, and run when their database is known.
 * @param databaseUrl resolves when the database can be used.
 */
export function programsOf(settings: DevelopmentSettings, databaseUrl: Promise<string>): readonly Program[] {
  const program = (name: string, app: string, port: number): Program => ({
    name,
    process: new ServerProcess({
      name,
      command: process.execPath,
      args: [fileOf('./preload.js'), fileOf(`../../${app}/src/main.js`), fileOf(`../../${app}/src/${app}.module.js`)],
      // Node 22 and newer load faster what they compiled before.
      env: { NODE_COMPILE_CACHE: resolve(DATA_DIRECTORY, 'compile-cache'), ...settings.env },
      cwd: process.cwd(),
      input: databaseUrl,
      output: 'inherit',
      stopSignal: 'SIGTERM',
      readyTimeoutMs: 60_000,
      stopTimeoutMs: settings.shutdownTimeoutMs + STOP_MARGIN_MS,
      isReady: () => isReady(`http://${settings.host}:${port}/health/ready`),
    }),
  });
  return [program('The API', 'api', settings.apiPort), program('The worker', 'worker', settings.workerPort)];
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
