import { deletePostgres, type Server, ServiceError, startPostgres } from '#platform/services';
import { CommandError, DATA_DIRECTORY } from '../command.js';
import { type ProgramSetup, programsOf } from './programs.js';
import { holdRunLock } from './run-lock.js';
import { Steps } from './steps.js';
import { type Undo, untilStopped } from './until-stopped.js';

/**
 * `start [--fresh]`: runs the API, the worker and the servers they need, until Ctrl-C. It starts a PostgreSQL of its own
 * unless CRM_DATABASE_URL is set. Without CRM_RABBITMQ_URL and REDIS_HOST it uses PostgreSQL alone.
 */
export async function start({ fresh }: { readonly fresh?: true }, env: NodeJS.ProcessEnv): Promise<number> {
  if (fresh && env.CRM_DATABASE_URL) {
    throw new CommandError('--fresh deletes the database of npm start alone: unset CRM_DATABASE_URL first.');
  }
  await untilStopped(async (undoBy) => {
    undoBy(holdRunLock('start'));
    let provideSetup!: (setup: ProgramSetup) => void;
    const programs = programsOf(env, new Promise((resolve) => (provideSetup = resolve)));
    const stopPrograms = async (): Promise<void> =>
      void (await Promise.all(programs.map((program) => program.process.stop())));
    undoBy(stopPrograms);
    const ready = Promise.all(programs.map((program) => program.process.start()));
    ready.catch(() => undefined); // reported when it is awaited, unless the database failed before
    // Loaded here, because the API and the worker need not wait for it.
    const [{ developmentSettings }, { welcome }] = await Promise.all([
      import('./development-settings.js'),
      import('./welcome.js'),
    ]);
    const settings = await developmentSettings(env);
    const steps = new Steps();
    steps.showBuild();
    if (fresh) await deletePostgres(DATA_DIRECTORY);
    const { url, postgres } = await prepareDatabase(env.CRM_DATABASE_URL, settings.env, steps, undoBy);
    undoBy(stopPrograms); // registered again, because they need PostgreSQL until they have stopped
    provideSetup({ settings, databaseUrl: url });
    await steps.run(
      'processes',
      () => ready,
      () => 'API and worker are ready',
    );
    welcome(settings, performance.now() / 1000);
    await firstEnd([...programs, ...(postgres ? [{ name: 'PostgreSQL', process: postgres }] : [])]);
  });
  return 0;
}

/**
 * Starts the database unless one is configured, migrates it and adds the demo data.
 * @returns its URL, and the server if it was started here.
 */
async function prepareDatabase(
  configured: string | undefined,
  env: NodeJS.ProcessEnv,
  steps: Steps,
  undoBy: (undo: Undo) => void,
): Promise<{ readonly url: string; readonly postgres?: Server }> {
  const module = import('../database/database.js'); // loads while PostgreSQL starts
  const postgres = configured
    ? undefined
    : await steps.run('database', ownPostgres, ({ port }) => `PostgreSQL on port ${port}, data in ${DATA_DIRECTORY}`);
  if (postgres) undoBy(() => postgres.stop());
  const url = configured || postgres!.url;
  const { migrateDatabase, seedDatabase, unknownMigrations } = await module;
  await steps.run(
    'migration',
    () => migrateDatabase(url),
    (applied) => (applied.length === 0 ? 'up to date' : `${applied.length} applied`),
  );
  const others = await unknownMigrations(url);
  if (others.length > 0) {
    const fresh = postgres ? ', or start without its data by npm start -- --fresh' : '';
    throw new CommandError(`Other code has migrated the database (${others.join(', ')}): run that code${fresh}.`);
  }
  await steps.run(
    'demo',
    () => seedDatabase(url, env),
    (seeded) => (seeded ? `added ${seeded.clients} clients, ${seeded.deals} deals` : 'unchanged'),
  );
  return postgres ? { url, postgres } : { url };
}

/** @throws CommandError with the remedy if the data directory can't be used. */
async function ownPostgres(): Promise<Server> {
  try {
    return await startPostgres({ dataDirectory: DATA_DIRECTORY, durable: true });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'missing' || error.code === 'busy') throw error;
    throw new CommandError(`${error.message}\nnpm start -- --fresh starts with an empty database.`);
  }
}

/** @throws CommandError when the first of the processes ends unexpectedly. */
async function firstEnd(programs: readonly { name: string; process: { ended(): Promise<void> } }[]): Promise<never> {
  const name = await Promise.race(
    programs.map(async (program) => {
      await program.process.ended();
      return program.name;
    }),
  );
  throw new CommandError(`${name} ended unexpectedly: everything is stopped. Its output is above.`);
}
