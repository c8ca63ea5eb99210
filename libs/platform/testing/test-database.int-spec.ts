import type { QueryRunner } from 'typeorm';
import pg from 'pg';
import { createTestDatabase } from './test-database.js';
import { testServer } from './test-environment.js';

class Shelves1700000000001 {
  up(runner: QueryRunner): Promise<unknown> {
    return runner.query('CREATE TABLE crm.shelves (name text)');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a test database', () => {
  const databases = async (name: string): Promise<number> => {
    const server = new pg.Client({ connectionString: testServer('CRM_TEST_DATABASE_URL') });
    await server.connect();
    const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    await server.end();
    return rowCount ?? 0;
  };

  it('is made from one template, is empty, and is not shared', async () => {
    const made = await Promise.all([1, 2, 3].map(() => createTestDatabase([Shelves1700000000001])));
    for (const [index, database] of made.entries()) {
      expect(await database.rows('SELECT * FROM crm.shelves')).toEqual([]);
      await database.rows('INSERT INTO crm.shelves VALUES ($1)', [String(index)]);
    }
    for (const [index, database] of made.entries()) {
      expect(await database.rows('SELECT name FROM crm.shelves')).toEqual([{ name: String(index) }]);
    }
    await Promise.all(made.map((database) => database.drop()));
  });

  it('is dropped with its open connections', async () => {
    const database = await createTestDatabase([Shelves1700000000001]);
    const name = new URL(database.url).pathname.slice(1);
    const guest = new pg.Client({ connectionString: database.url });
    const gone = new Promise((resolve) => guest.on('error', resolve));
    await guest.connect();
    expect(await databases(name)).toBe(1);
    await database.drop();
    await gone;
    expect(await databases(name)).toBe(0);
  });
});
