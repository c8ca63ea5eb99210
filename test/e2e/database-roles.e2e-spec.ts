import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath, findOrInstall, type Server, startPostgres, startRedis } from '#platform/services';
import { TestDatabase, testEnvironment, until } from '#platform/testing';
import { commandLine } from '../support/programs/command-line.js';
import { CrmUser } from '../support/crm-user.js';
import { StreamClient } from '../integration/streams/stream-client.js';
import { audit, isSequenced, NO_DISCREPANCIES } from '../support/events/log-audit.js';
import { killPrograms, Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const ROLES = join(__dirname, '../../docker/postgres/10-roles.sql');
const MIGRATOR_PASSWORD = 'of-the-migrator';
const RUNTIME_PASSWORD = 'of-the-runtime';
/** insufficient_privilege */
const REFUSED = { code: '42501' };

function urlFor(server: Server, role: string, password: string): string {
  const url = new URL(server.url);
  [url.username, url.password] = [role, password];
  return url.toString();
}

describe('a database whose tables belong to another role than the one of the API and the worker', () => {
  let postgres: Server;
  let redis: Server;
  let migratorUrl: string;
  let runtime: TestDatabase;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    migratorUrl = urlFor(postgres, 'crm_migrator', MIGRATOR_PASSWORD);
    const runtimeUrl = urlFor(postgres, 'crm_runtime', RUNTIME_PASSWORD);
    const psql = await findOrInstall('postgresql-client', () => findOnPath('psql'));
    await promisify(execFile)(psql, ['--no-psqlrc', '-qv', 'ON_ERROR_STOP=1', '-f', ROLES, postgres.url], {
      env: {
        PATH: process.env.PATH,
        POSTGRES_MIGRATOR_PASSWORD: MIGRATOR_PASSWORD,
        POSTGRES_RUNTIME_PASSWORD: RUNTIME_PASSWORD,
      },
    });
    expect(await migrate('crm_runtime')).toMatchObject({ code: 0, stderr: '' });
    runtime = new TestDatabase(runtimeUrl);
    env = testEnvironment(
      { databaseUrl: runtimeUrl, redis: { host: '127.0.0.1', port: redis.port } },
      { CRM_LOG_LEVEL: 'info' },
    );
  });

  afterAll(async () => {
    await killPrograms();
    await runtime?.check();
    await Promise.all([postgres?.discard(), redis?.discard()]);
  });

  const migrate = (role: string) =>
    commandLine({ CRM_DATABASE_URL: migratorUrl, CRM_DATABASE_RUNTIME_ROLE: role }, 'migrate');

  it('grants no role superuser rights, and the runtime role owns no table', async () => {
    const roles = `SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS is_powerful
      FROM pg_roles WHERE rolname LIKE 'crm\\_%' ORDER BY rolname`;
    expect(await runtime.rows(roles)).toEqual([
      { rolname: 'crm_migrator', is_powerful: false },
      { rolname: 'crm_runtime', is_powerful: false },
    ]);
    const owners = `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class
      WHERE relnamespace = 'crm'::regnamespace`;
    expect(await runtime.rows(owners)).toEqual([{ owner: 'crm_migrator' }]);
  });

  it(
    'serves requests, journal, event stream, jobs and reminders of a deal',
    withFailureOutput(async () => {
      const [api, worker] = await Promise.all([Program.api(env), Program.worker(env)]);
      await Promise.all([api.start(), worker.start()]);
      const seller = new CrmUser(api);
      const stream = await StreamClient.open(api.port, { token: seller.token });
      const { id } = await seller.openDeal(await seller.addClient(), '2020-01-01');
      await seller.patch(`/deals/${id}`, { title: 'ОСАГО' });
      const payment = { planned_date: '2099-01-01', planned_amount: '100.00', currency: 'RUB' };
      expect((await seller.post(`/deals/${id}/payments`, payment)).status).toBe(201);
      await until(() => stream.frames.some(({ event }) => event === 'deal.review_due'));
      stream.close();
      expect((await seller.get<{ valid: boolean }>(`/deals/${id}/journal/verify`)).body.valid).toBe(true);
      await until(() => isSequenced(runtime));
      expect(await audit(runtime, [])).toEqual(NO_DISCREPANCIES);
      const failures = [...api.lines, ...worker.lines].filter(({ level }) => level === 'error' || level === 'fatal');
      expect(failures).toEqual([]);
      await seller.close();
    }),
  );

  it('creates partitions of future months and deletes old events without owning the event log', async () => {
    for (const parent of ['event_log', 'journals']) {
      const month = `(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '12 months')::date`;
      expect(await runtime.rows(`SELECT crm.add_partition($1, ${month}) AS added`, [parent])).toEqual([
        { added: true },
      ]);
      const owner = `SELECT pg_get_userbyid(relowner) AS owner FROM pg_class
        WHERE oid = to_regclass(format('crm.%I', $1 || to_char(${month}, '_YYYY_MM')))`;
      expect(await runtime.rows(owner, [parent])).toEqual([{ owner: 'crm_migrator' }]);
    }
    const forget = 'SELECT crm.forget_events(0, now(), 100) AS deleted';
    expect(await runtime.rows(forget)).toEqual([{ deleted: 0 }]);
  });

  it.each(['- interval 2 months', '+ interval 13 months', '+ interval 1000 years'])(
    'refuses that the runtime role makes the partition of this month %s',
    async (distance) => {
      const [sign, , count, unit] = distance.split(' ');
      const month = `(date_trunc('month', now() AT TIME ZONE 'UTC') ${sign} interval '${count} ${unit}')::date`;
      for (const parent of ['event_log', 'journals']) {
        await expect(runtime.rows(`SELECT crm.add_partition($1, ${month})`, [parent])).rejects.toMatchObject(REFUSED);
      }
      await expect(runtime.rows(`SELECT crm.add_partition('journals', 'infinity')`)).rejects.toMatchObject(REFUSED);
    },
  );

  it.each([
    ['changes the schema', 'CREATE TABLE crm.more (id int)'],
    ['drops a table', 'DROP TABLE crm.clients'],
    ['empties a table', 'TRUNCATE crm.clients CASCADE'],
    ['disables a trigger', 'ALTER TABLE crm.journals DISABLE TRIGGER ALL'],
    ['changes the journal', `UPDATE crm.journals SET body = ''`],
    ['deletes of the journal', 'DELETE FROM crm.journals_default'],
    ['records a migration', `INSERT INTO crm.migrations (timestamp, name) VALUES (1, 'none')`],
    ['grants rights', `SELECT crm.grant_runtime('crm_runtime')`],
    ['makes a temporary table', 'CREATE TEMP TABLE mine (id int)'],
  ])('does not allow that the runtime role %s', async (_what, sql) => {
    await expect(runtime.rows(sql)).rejects.toMatchObject(REFUSED);
  });

  it('is migrated again without a change, and reports a missing role in one line', async () => {
    expect(await migrate('crm_runtime')).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout, stderr } = await migrate('crm_runtimes');
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(/^The role crm_runtimes of CRM_DATABASE_RUNTIME_ROLE does not exist: .*\n$/m);
  });

  it('reads the passwords of its roles only from the environment', () => {
    expect(readFileSync(ROLES, 'utf8')).not.toMatch(/PASSWORD '/);
  });
});
