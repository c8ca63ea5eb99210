import pg from 'pg';
import { newId } from '#platform/kernel';
import { runMigrations } from '#platform/persistence';
import {
  startTestApplication,
  type TestApplication,
  TestDatabase,
  testEnvironment,
  testServer,
  until,
} from '#platform/testing';
import { ApiModule } from '../../../apps/api/src/api.module.js';
import { WorkerModule } from '../../../apps/worker/src/worker.module.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { isSequenced } from '../../support/events/log-audit.js';

const PASSWORD = 'of-crm';

/** In PostgreSQL's own search path the schema that is named like the user comes first. */
describe('a database user named crm, like the schema', () => {
  const server = new pg.Client({ connectionString: testServer('CRM_TEST_DATABASE_URL') });

  beforeAll(async () => {
    await server.connect();
    await server.query(`CREATE ROLE crm LOGIN PASSWORD '${PASSWORD}'`);
  });
  afterAll(async () => {
    await server.query('DROP ROLE crm');
    await server.end();
  });

  it.each([
    ['without a search path', ''],
    ['with the path crm in its URL', '?search_path=crm'],
    ['with another path in its URL', '?search_path=public'],
    ['with another path among the options of its URL', `?options=${encodeURIComponent('-c search_path=public')}`],
  ])('runs the migrations, the API and the worker: %s', async (_name, query) => {
    const name = `test_${newId().replaceAll('-', '')}`;
    await server.query(`CREATE DATABASE ${name} OWNER crm`);
    const url = new URL(testServer('CRM_TEST_DATABASE_URL'));
    [url.username, url.password, url.pathname] = ['crm', PASSWORD, `/${name}`];
    const databaseUrl = `${url.href}${query}`;
    const applications: TestApplication[] = [];
    const database = new TestDatabase(databaseUrl);
    try {
      await runMigrations(databaseUrl, MIGRATIONS);
      expect((await runMigrations(databaseUrl, MIGRATIONS)).applied).toEqual([]);
      const env = testEnvironment({ databaseUrl });
      for (const module of [ApiModule.forRoot(env), WorkerModule.forRoot(env)]) {
        applications.push(await startTestApplication(module));
      }
      const [api, worker] = applications as [TestApplication, TestApplication];
      const seller = api.user('ROLE_SALES_AGENT');
      const client = await seller.post('/clients', { name: 'Иванова Мария' });
      expect(client).toMatchObject({ status: 201 });
      for (const application of [api, worker]) {
        await until(async () => (await application.inject('/health/ready')).statusCode === 200);
      }
      await until(() => isSequenced(database));
      const tables = await database.rows<{ schema: string; tables: number }>(
        `SELECT schemaname AS schema, count(*)::int AS tables FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1 ORDER BY 1`,
      );
      expect(tables.map(({ schema }) => schema)).toEqual(['bull', 'crm']);
      const [session] = await database.rows(
        `SELECT current_user AS "user", current_setting('search_path') AS path, current_setting('TimeZone') AS zone`,
      );
      expect(session).toEqual({ user: 'crm', path: 'crm,public', zone: 'UTC' });
    } finally {
      for (const application of applications) await application.close();
      await database.drop();
    }
  });
});
