import { parseArgs } from 'node:util';
import { DatabaseSettings, loadSettings } from '#platform/config';
import { runMigrations } from '#platform/persistence';
import { MIGRATIONS } from '../../../migrations/index.js';
import { CommandError, DATA_DIRECTORY, print } from './command.js';

/** `migrate`: brings the schema up to this code. */
export async function migrate(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  parseArgs({ args: [...args] });
  await withDatabase(env, async (url) => {
    const { applied } = await runMigrations(url, MIGRATIONS);
    print(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`);
  });
  return 0;
}

/** `seed`: migrates, and adds the demo data unless there are clients. */
export async function seed(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  parseArgs({ args: [...args] });
  await withDatabase(env, async (url) => {
    await runMigrations(url, MIGRATIONS);
    print((await seedWhenEmpty(url)) ? 'Added the demo data.' : 'There are clients already: nothing was added.');
  });
  return 0;
}

/** Migrates, and fills an empty database with the demo data. */
export async function prepareDatabase(url: string): Promise<void> {
  await runMigrations(url, MIGRATIONS);
  await seedWhenEmpty(url);
}
