import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { requireRole } from '../../apps/cli/src/development/compose.js';
import { MIGRATIONS } from '../../migrations/index.js';

describe('the database that docker compose has started', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
  });

  afterAll(() => database.drop());

  it.each([
    ['another password', 'password', 'other'],
    ['no such role', 'username', 'crm_migrator_of_a_newer_release'],
  ] as const)('is refused with the remedy when its volume has %s', async (_, part, value) => {
    const url = new URL(database.url);
    url[part] = value;
    await expect(requireRole(url.href)).rejects.toThrow(/^PostgreSQL refuses the role .*docker volume rm crm_postgres/);
  });

  it('is accepted with its role and password', async () => {
    await expect(requireRole(database.url)).resolves.toBeUndefined();
  });
});
