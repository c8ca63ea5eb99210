import type { TestingModule } from '@nestjs/testing';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { Database } from '../connection/database.js';
import { RowLoader } from './row-loader.js';
import { arrayOfAnyLength, statement } from './statement.js';
import { UnitOfWork } from '../unit-of-work.js';

interface Note {
  readonly id: string;
  readonly transaction: string;
}

const ADD = statement('INSERT INTO public.notes (id) VALUES ($1::text)');
const BY_IDS = statement(
  `SELECT id, txid_current()::text AS transaction FROM public.notes WHERE id = ANY (${arrayOfAnyLength('text')})`,
);
const PLANS = statement('SELECT generic_plans::int AS kept FROM pg_prepared_statements WHERE name = $1::text');

describe('a loader of rows', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let sql: Database;
  let loader: RowLoader<Note>;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    await database.rows(
      `CREATE TABLE public.notes (id text PRIMARY KEY); INSERT INTO public.notes VALUES ('a'), ('b')`,
    );
    app = await startTestModule(testEnvironment({ databaseUrl: database.url }));
    sql = app.get(Database);
    loader = new RowLoader(sql, BY_IDS);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const load = async (...ids: string[]) => Promise.all(ids.map((id) => loader.load(id)));

  it('gives each who asks at the same moment the row of his id, or none, by one statement', async () => {
    const rows = await load('b', 'missing', 'a', 'b');
    expect(rows.map((row) => row?.id)).toEqual(['b', undefined, 'a', 'b']);
    expect(new Set(rows.flatMap((row) => row?.transaction ?? [])).size).toBe(1);
  });

  it('sees what was committed before it was asked, however many wait', async () => {
    const before = load('a', 'b');
    await sql.query(ADD, ['c']);
    expect((await load('c'))[0]).toMatchObject({ id: 'c' });
    await before;
  });

  it('reads uncommitted rows of its own unit of work only', async () => {
    const failing = app.get(UnitOfWork).run(async () => {
      await sql.query(ADD, ['mine']);
      expect(await loader.load('mine')).toMatchObject({ id: 'mine' });
      expect((await database.rows(`SELECT FROM public.notes WHERE id = 'mine'`)).length).toBe(0);
      throw new Error('after all');
    });
    await expect(failing).rejects.toThrow('after all');
    expect(await loader.load('mine')).toBeUndefined();
  });

  it('is planned once for any number of rows', async () => {
    await app.get(UnitOfWork).run(async () => {
      // PostgreSQL tries five plans before it settles.
      for (let count = 0; count < 15; count++) await loader.load('a');
      expect((await sql.first<{ kept: number }>(PLANS, [BY_IDS.name]))!.kept).toBeGreaterThanOrEqual(10);
    });
  });
});
