import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';

const ROOT = join(__dirname, '../../..');
const TYPEORM = join(ROOT, 'node_modules/typeorm/cli.js');
const DATA_SOURCE = 'dist/apps/cli/src/database/data-source.js';

/** Runs `npm run typeorm -- migration:show` without its build. */
async function shownMigrations(databaseUrl: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [TYPEORM, '-d', DATA_SOURCE, 'migration:show'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, CRM_DATABASE_URL: databaseUrl },
  });
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

describe('the command line of TypeORM', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
  });
  afterAll(() => database.drop());

  it('shows every migration of a migrated database as applied', async () => {
    expect(await shownMigrations(database.url)).toEqual(
      MIGRATIONS.map(({ name }, index) => `[X] ${index + 1} ${name}`),
    );
  });

  it('shows a migration that is not applied', async () => {
    const missing = MIGRATIONS.at(-1)!.name;
    await database.rows('DELETE FROM crm.migrations WHERE name = $1', [missing]);
    const lines = await shownMigrations(database.url);
    expect(lines.filter((line) => !line.startsWith('[X]'))).toEqual([`[ ] ${missing}`]);
  });
});
