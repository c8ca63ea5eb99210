import { serveQueueDashboard } from '../../../apps/api/src/queues/queue-dashboard.js';
import { ApiModule } from '../../../apps/api/src/api.module.js';
import { WorkerModule } from '../../../apps/worker/src/worker.module.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { JobCounts } from '#platform/jobs';
import { newId } from '#platform/kernel';
import {
  createTestDatabase,
  startTestApplication,
  type TestApplication,
  type TestDatabase,
  testEnvironment,
  type TestUser,
  until,
} from '#platform/testing';

interface BoardJob {
  readonly id: string;
  readonly name: string;
  readonly data: object;
  readonly failedReason: string;
  readonly attempts: number;
}
interface Board {
  readonly queues: readonly {
    name: string;
    isPaused: boolean;
    counts: Record<string, number>;
    jobs: readonly BoardJob[];
  }[];
}

const QUEUE = 'housekeeping';
const JOB = 'purge';
const PAGE = '/admin/queues';

const redis = () => ({ host: process.env.CRM_TEST_REDIS_HOST!, port: Number(process.env.CRM_TEST_REDIS_PORT) });

describe.each([
  { backend: 'Redis', servers: () => ({ redis: redis() }) },
  { backend: 'PostgreSQL', servers: () => ({}) },
])('the dashboard of queues in $backend', ({ servers }) => {
  let database: TestDatabase;
  let api: TestApplication;
  let admin: TestUser;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    api = await startTestApplication(ApiModule.forRoot(environment()), [], serveQueueDashboard);
    admin = api.user('ROLE_ADMIN');
  });
  afterEach(async () => {
    await database.rows('TRUNCATE crm.job_requests');
  });
  afterAll(async () => {
    await api.close();
    await database.drop();
  });

  const environment = () => testEnvironment({ databaseUrl: database.url, ...servers() });

  async function ask(method: 'GET' | 'PUT' | 'POST', path: string, by = admin, body?: object) {
    const url = `${PAGE}${path}`;
    const answer = await api.inject({ method, url, headers: by.authorization, ...(body && { payload: body }) });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body };
  }

  async function board(query = ''): Promise<Board> {
    const { text } = await ask('GET', `/api/queues?activeQueue=${QUEUE}&status=latest&page=1&jobsPerPage=10${query}`);
    return JSON.parse(text) as Board;
  }

  const paused = async (): Promise<string[]> =>
    (await board()).queues.filter(({ isPaused }) => isPaused).map(({ name }) => name);

  /** A job that failed for good some time ago. */
  async function dead(key: string): Promise<string> {
    const id = newId();
    await database.rows(
      `INSERT INTO crm.job_requests (id, queue, name, key, payload, state, run_after, attempts, last_error, created_at,
         finished_at)
       VALUES ($1, $2, $3, $4, '{"day":"2026-03-02"}', 'failed', now(), 8, 'RangeError: no owner', now(),
         now() - interval '1 minute')`,
      [id, QUEUE, JOB, key],
    );
    return id;
  }

  const states = async () =>
    (await database.rows<{ state: string }>('SELECT state FROM crm.job_requests ORDER BY key')).map(
      ({ state }) => state,
    );

  it.each(['', '/', '/queue/housekeeping', '/api/queues', '/static/images/logo.svg'])(
    'shows %s to admins only',
    async (path) => {
      const stranger = await ask('GET', path, api.stranger());
      expect(stranger).toMatchObject({ status: 401, headers: { 'content-type': 'application/problem+json' } });
      expect(JSON.parse(stranger.text)).toMatchObject({
        code: 'authorization_required',
        instance: PAGE + (path === '/' ? '' : path),
      });
      for (const role of ['ROLE_SALES_AGENT', 'ROLE_EXECUTOR', 'ROLE_FINANCE_MANAGER', 'ROLE_TEAM_LEAD', 'service']) {
        expect(await ask('GET', path, api.user(role))).toMatchObject({ status: 403 });
      }
      expect(await ask('GET', path)).toMatchObject({ status: 200 });
    },
  );

  it('accepts the token from the cookie too', async () => {
    const [, token] = admin.authorization.authorization!.split(' ');
    const answer = await api.inject({ url: PAGE, headers: { cookie: `crm_access_token=${token}` } });
    expect(answer.statusCode).toBe(200);
    const bad = await api.inject({ url: PAGE, headers: { cookie: 'crm_access_token=x.y.z' } });
    expect({ status: bad.statusCode, code: bad.json<{ code: string }>().code }).toEqual({
      status: 401,
      code: 'invalid_token',
    });
  });

  it('loads nothing from other servers, and forbids it by its policy', async () => {
    const { text, headers } = await ask('GET', '');
    expect(text).toContain('static/js/main');
    expect(text.match(/(?:href|src)="(?:https?:)?\/\/[^"]*/g)).toBeNull();
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  it('shows every queue that the worker runs', async () => {
    const worker = await startTestApplication(WorkerModule.forRoot(environment()));
    const run = Object.keys(await worker.nest.get(JobCounts).collect()).sort();
    await worker.close();
    expect((await board()).queues.map(({ name }) => name)).toEqual(run);
  });

  it('shows jobs that failed for good, with subject and reason', async () => {
    const id = await dead('purge/2026-03-02');
    const [queue] = (await board()).queues.filter(({ name }) => name === QUEUE);
    expect(queue).toMatchObject({ counts: { failed: 1 } });
    expect(queue!.jobs[0]).toMatchObject({
      id,
      name: JOB,
      attempts: 8,
      data: { key: 'purge/2026-03-02', day: '2026-03-02' },
      failedReason: 'RangeError: no owner',
    });
    expect(JSON.parse((await ask('GET', `/api/queues/${QUEUE}/${id}`)).text)).toMatchObject({ status: 'failed' });
  });

  it('retries one job', async () => {
    const [id] = [await dead('a'), await dead('b')];
    expect(await ask('PUT', `/api/queues/${QUEUE}/${id}/retry`)).toMatchObject({ status: 204 });
    expect(await states()).toEqual(['pending', 'failed']);
    await until(async () => JSON.parse((await ask('GET', `/api/queues/${QUEUE}/${id}`)).text).status === 'waiting');
    const [job] = (await board()).queues.find(({ name }) => name === QUEUE)!.jobs.filter((shown) => shown.id === id);
    expect(job).toMatchObject({ data: { key: 'a', day: '2026-03-02' } });
    // No worker runs it here; it must not exist in the next test.
    await database.rows('TRUNCATE crm.job_requests');
  });

  it('retries all jobs of a queue', async () => {
    for (const key of ['a', 'b', 'c']) await dead(key);
    const answer = await ask('PUT', `/api/queues/${QUEUE}/retry/failed`);
    expect(JSON.parse(answer.text)).toEqual({ retried: 3, skipped: 0 });
    expect(await states()).toEqual(['pending', 'pending', 'pending']);
  });

  it('discards one job or all of them', async () => {
    const id = await dead('a');
    await dead('b');
    await dead('c');
    expect(await ask('PUT', `/api/queues/${QUEUE}/${id}/clean`)).toMatchObject({ status: 204 });
    expect(await states()).toEqual(['done', 'failed', 'failed']);
    expect(await ask('PUT', `/api/queues/${QUEUE}/clean/failed`)).toMatchObject({ status: 200 });
    expect(await states()).toEqual(['done', 'done', 'done']);
  });

  it('pauses and resumes a queue', async () => {
    expect(await ask('PUT', `/api/queues/${QUEUE}/pause`)).toMatchObject({ status: 200 });
    expect(await paused()).toContain(QUEUE);
    expect(await ask('PUT', `/api/queues/${QUEUE}/resume`)).toMatchObject({ status: 200 });
    expect(await paused()).not.toContain(QUEUE);
  });

  it.each([
    ['POST', '/add', { name: JOB, data: {}, options: {} }],
    ['PUT', '/empty', undefined],
    ['PUT', '/obliterate', { force: true }],
    ['PUT', '/clean/wait', undefined],
    ['PUT', '/concurrency', { concurrency: 1 }],
    ['PUT', '/job-schedulers/purge/remove', undefined],
  ] as const)('refuses %s %s, which PostgreSQL would not know of', async (method, act, body) => {
    await dead('a');
    expect(await ask(method, `/api/queues/${QUEUE}${act}`, admin, body)).toMatchObject({ status: 405 });
    expect(await states()).toEqual(['failed']);
  });

  it('refuses every action of a lead', async () => {
    await dead('a');
    const lead = api.user('ROLE_TEAM_LEAD');
    expect(await ask('PUT', `/api/queues/${QUEUE}/retry/failed`, lead)).toMatchObject({ status: 403 });
    expect(await states()).toEqual(['failed']);
  });
});
