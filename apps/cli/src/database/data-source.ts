import { existsSync } from 'node:fs';
import { DatabaseSettings, loadSettings } from '#platform/config';
import { migrationDataSource } from '#platform/persistence';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { CommandError, DATA_DIRECTORY } from '../command.js';

if (existsSync('.env')) process.loadEnvFile('.env');

/**
 * The data source of TypeORM's own command line, e.g. `npm run typeorm -- migration:show`. It has no entities: the schema
 * is written in migrations, never generated.
 */
export const dataSource = databaseUrl(process.env).then((url) => migrationDataSource(url, MIGRATIONS));

/** The configured database, else the running one of `npm start`. */
async function databaseUrl(env: NodeJS.ProcessEnv): Promise<string> {
  if (env.CRM_DATABASE_URL || env.NODE_ENV === 'production') {
    return (loadSettings(env, [DatabaseSettings]).get(DatabaseSettings) as DatabaseSettings).url!;
  }
  const { runningPostgres } = await import('#platform/services');
  const url = runningPostgres(DATA_DIRECTORY);
  if (!url) throw new CommandError('No database: set CRM_DATABASE_URL or run npm start.');
  return url;
}
