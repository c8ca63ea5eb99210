import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { Log } from '#platform/observability';
import { runMigrations } from '#platform/persistence';
import { type Server, startPostgres, startStandby } from '#platform/services';
import {
  startTestApplication,
  type TestApplication,
  TestDatabase,
  testEnvironment,
  type TestUser,
  until,
} from '#platform/testing';
import { ApiModule } from '../../../apps/api/src/api.module.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import type { Listed } from '../../support/crm.js';

const ADMIN = 'ROLE_ADMIN';
const NOT_USED = 'the replica is not used: the primary answers its reads';

describe('an API process with a streaming standby', () => {
  let primary: Server;
  let standby: Server;
  let database: TestDatabase;
  let replica: TestDatabase;
  /** Accepts any lag of this test. */
  let patient: TestApplication;
  /** Accepts half a second. */
  let strict: TestApplication;

  beforeAll(async () => {
    primary = await startPostgres();
    await runMigrations(primary.url, MIGRATIONS);
    standby = await startStandby(primary, 'reads');
    database = new TestDatabase(primary.url);
    replica = new TestDatabase(standby.url, true);
    [patient, strict] = await Promise.all([start('600000'), start('500')]);
  });

  afterAll(async () => {
    await Promise.all([patient.close(), strict.close()]);
    await database.check();
    await Promise.all([primary.discard(), standby.discard()]);
  });

  function start(maxLagMs: string): Promise<TestApplication> {
    const settings = { CRM_DATABASE_REPLICA_URL: standby.url, CRM_DATABASE_REPLICA_MAX_LAG_MS: maxLagMs };
    return startTestApplication(ApiModule.forRoot(testEnvironment({ databaseUrl: primary.url }, settings)));
  }

  async function metric(app: TestApplication, name: string): Promise<number> {
    const { body } = await app.inject({ url: '/metrics', headers: app.user(ADMIN).authorization });
    const line = body.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length + 1));
  }

  const answers = (app: TestApplication, server: string): Promise<number> =>
    metric(app, `crm_replica_reads_total{server="${server}"}`);

  const titles = async (user: TestUser): Promise<string[]> =>
    (await user.get<Listed<DealView>>('/deals?limit=200')).body.items.map(({ title }) => title);

  /** Resolves when a list was answered by this server. */
  async function listsComeFrom(app: TestApplication, server: 'primary' | 'replica'): Promise<void> {
    const before = await answers(app, server);
    await until(async () => {
      expect((await app.user(ADMIN).get('/deals')).status).toBe(200);
      return (await answers(app, server)) > before;
    });
  }

  async function deal(user: TestUser, title: string): Promise<DealView> {
    const client = await user.post<ClientView>('/clients?allow_duplicate=true', {
      name: 'Иванова Мария',
      kind: 'person',
    });
    const facts = { title, client_id: client.body.id, next_review_at: '2027-01-01' };
    const opened = await user.post<DealView>('/deals', facts);
    expect(opened.status).toBe(201);
    return opened.body;
  }

  const pause = () => replica.rows('SELECT pg_wal_replay_pause()');
  const resume = () => replica.rows('SELECT pg_wal_replay_resume()');

  async function paused(): Promise<void> {
    await pause();
    const state = `SELECT FROM pg_get_wal_replay_pause_state() AS state WHERE state = 'paused'`;
    await until(async () => (await replica.rows(state)).length > 0);
  }

  it('reads lists, exports and reports from the standby, and a single resource from the primary', async () => {
    const user = patient.user(ADMIN);
    const { id } = await deal(user, 'before');
    await listsComeFrom(patient, 'replica');
    await until(async () => (await titles(user)).includes('before'));
    const counted = async () => {
      const { body } = await user.get<{ items: { count: number }[] }>('/deals/stage-metrics');
      return body.items.map(({ count }) => count);
    };
    const metrics = await counted();
    await paused();
    try {
      const added = await deal(user, 'added');
      const found = await user.get<DealView>(`/deals/${id}`);
      const changed = await user.patch<DealView>(
        `/deals/${id}`,
        { title: 'after' },
        { 'if-match': found.headers.etag! },
      );
      expect(changed).toMatchObject({ status: 200, body: { title: 'after' } });
      expect((await user.get<DealView>(`/deals/${id}`)).body.title).toBe('after');
      expect((await user.get<DealView>(`/deals/${added.id}`)).body.title).toBe('added');
      const listed = await titles(user);
      expect(listed).toContain('before');
      expect(listed).not.toContain('added');
      const exported = (await user.get<string>('/exports/deals')).body;
      expect(exported).toContain('before');
      expect(exported).not.toContain('added');
      expect(await counted()).toEqual(metrics);
    } finally {
      await resume();
    }
    await until(async () => (await titles(user)).includes('after'));
    expect(await titles(user)).toEqual(expect.arrayContaining(['after', 'added']));
  });

  it('reads from the primary while the standby is further behind than the limit', async () => {
    const user = strict.user(ADMIN);
    await deal(user, 'version 1');
    await listsComeFrom(strict, 'replica');
    await until(async () => (await titles(user)).includes('version 1'));
    await paused();
    try {
      const { id } = await deal(user, 'written meanwhile');
      await listsComeFrom(strict, 'primary');
      expect(await titles(user)).toContain('written meanwhile');
      expect(await metric(strict, 'crm_replica_lag_seconds')).toBeGreaterThan(0.5);
      await user.patch(`/deals/${id}`, { title: 'changed meanwhile' });
      expect(await titles(user)).toContain('changed meanwhile');
    } finally {
      await resume();
    }
    await listsComeFrom(strict, 'replica');
    await until(async () => (await titles(user)).includes('changed meanwhile'));
  });

  it('counts an idle primary as no lag', async () => {
    await listsComeFrom(strict, 'replica');
    const position = async () =>
      (await database.rows<{ position: string }>('SELECT pg_current_wal_flush_lsn()::text AS position'))[0]!.position;
    // Several times the limit, during which the primary writes nothing.
    await until(async () => {
      const before = await position();
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      return before === (await position());
    });
    const before = await answers(strict, 'replica');
    expect((await strict.user(ADMIN).get('/deals')).status).toBe(200);
    expect(await answers(strict, 'replica')).toBeGreaterThan(before);
  });

  it('stays ready while the standby is frozen, killed and started again, and logs each change once', async () => {
    const warned = jest.spyOn(strict.nest.get(Log), 'warn');
    const user = strict.user(ADMIN);
    await listsComeFrom(strict, 'replica');
    process.kill(standby.pid!, 'SIGSTOP');
    await standby.kill();
    expect((await user.get('/deals')).status).toBe(200);
    await listsComeFrom(strict, 'primary');
    await until(() => warned.mock.calls.some(([, message]) => message === NOT_USED));
    expect((await strict.inject({ url: '/health/ready' })).statusCode).toBe(200);
    expect(await titles(user)).toContain('changed meanwhile');
    expect(warned.mock.calls.filter(([, message]) => message === NOT_USED)).toHaveLength(1);
    await standby.start();
    await listsComeFrom(strict, 'replica');
  });

  it('answers reads that wait for a frozen connection from the primary', async () => {
    const user = patient.user(ADMIN);
    await listsComeFrom(patient, 'replica');
    const pids = await replica.rows<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE application_name IN ('crm-replica', 'crm-replica-check')`,
    );
    pids.forEach(({ pid }) => process.kill(pid, 'SIGSTOP'));
    try {
      expect((await user.get('/deals')).status).toBe(200);
    } finally {
      pids.forEach(({ pid }) => process.kill(pid, 'SIGCONT'));
    }
    await listsComeFrom(patient, 'replica');
  });

  it('does not read from a standby that was promoted', async () => {
    await listsComeFrom(strict, 'replica');
    await replica.rows('SELECT pg_promote()');
    await listsComeFrom(strict, 'primary');
    const before = await answers(strict, 'replica');
    expect(await titles(strict.user(ADMIN))).toContain('changed meanwhile');
    expect(await answers(strict, 'replica')).toBe(before);
  });
});
