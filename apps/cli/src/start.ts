import { fileURLToPath } from 'node:url';
import { deletePostgres, type Server, ServerProcess, ServiceError, startPostgres } from '#platform/services';
import { CommandError, DATA_DIRECTORY } from './command.js';
import { type DevelopmentSettings, developmentSettings } from './development-settings.js';
import { holdRunLock } from './run-lock.js';
import { untilStopped } from './until-stopped.js';
import { welcome } from './welcome.js';

/** Beyond the time a process gives itself, before it is killed. */
const STOP_MARGIN_MS = 2_000;

/**
 * `start [--fresh]`: the API and the worker with all they need, until Ctrl-C. PostgreSQL is our own unless CRM_DATABASE_URL is
 * set; without CRM_RABBITMQ_URL and REDIS_HOST they run without those servers.
 */
export async function start({ fresh }: { readonly fresh?: true }, env: NodeJS.ProcessEnv): Promise<number> {
  if (fresh && env.CRM_DATABASE_URL) {
    throw new CommandError('--fresh deletes the database of npm start alone: unset CRM_DATABASE_URL first.');
  }
  await untilStopped(async (undoBy) => {
    undoBy(holdRunLock('start'));
    const settings = await developmentSettings(env);
    if (fresh) await deletePostgres(DATA_DIRECTORY);
    const database = import('./database.js'); // loads while PostgreSQL starts
    const postgres = env.CRM_DATABASE_URL ? undefined : await ownPostgres();
    if (postgres) undoBy(() => postgres.stop());
    const url = env.CRM_DATABASE_URL || postgres!.url;
    await (await database).prepareDatabase(url, settings.env);
    const programs = programsOf(settings, url);
    undoBy(async () => void (await Promise.all(programs.map((program) => program.process.stop()))));
    await Promise.all(programs.map((program) => program.process.start()));
    welcome(settings, performance.now() / 1000);
    await firstEnd([...programs, ...(postgres ? [{ name: 'PostgreSQL', process: postgres }] : [])]);
  });
  return 0;
}

/** @throws CommandError naming the way out when its data are of no use. */
async function ownPostgres(): Promise<Server> {
  try {
    return await startPostgres({ dataDirectory: DATA_DIRECTORY, durable: true });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'missing' || error.code === 'busy') throw error;
    throw new CommandError(`${error.message}\nnpm start -- --fresh begins with an empty database.`);
  }
}

interface Program {
  readonly name: string;
  readonly process: ServerProcess;
}

function programsOf(settings: DevelopmentSettings, databaseUrl: string): Program[] {
  const env = { ...settings.env, CRM_DATABASE_URL: databaseUrl };
  const program = (name: string, entry: string, port: number): Program => ({
    name,
    process: new ServerProcess({
      name,
      command: process.execPath,
      args: [fileURLToPath(new URL(entry, import.meta.url))],
      env,
      cwd: process.cwd(),
      output: 'inherit',
      stopSignal: 'SIGTERM',
      readyTimeoutMs: 60_000,
      stopTimeoutMs: settings.shutdownTimeoutMs + STOP_MARGIN_MS,
      isReady: () => isReady(`http://${settings.host}:${port}/health/ready`),
    }),
  });
  return [
    program('The API', '../../api/src/main.js', settings.apiPort),
    program('The worker', '../../worker/src/main.js', settings.workerPort),
  ];
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** @throws CommandError as soon as one of them has ended by itself. */
async function firstEnd(programs: readonly { name: string; process: { ended(): Promise<void> } }[]): Promise<never> {
  const name = await Promise.race(
    programs.map(async (program) => {
      await program.process.ended();
      return program.name;
    }),
  );
  throw new CommandError(`${name} ended by itself: everything is stopped. What it said is above.`);
}
