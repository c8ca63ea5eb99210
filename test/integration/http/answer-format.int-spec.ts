import { once } from 'node:events';
import { connect } from 'node:net';
import { ApiModule } from '../../../apps/api/src/api.module.js';
import { serveConsole } from '../../../apps/api/src/console/console-page.js';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { serveQueueDashboard } from '../../../apps/api/src/queues/queue-dashboard.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { openApiDocument, serveDocs } from '#platform/http';
import { newId } from '#platform/kernel';
import {
  createTestDatabase,
  startTestApplication,
  type TestApplication,
  type TestDatabase,
  testEnvironment,
  type TestUser,
} from '#platform/testing';

const PROBLEM = 'application/problem+json';
const PREFIXES = ['', '/api/v1', '/admin/queues', '/console', '/docs', '/streams', '/health'];
/** Internals that no answer may contain: SQL, file paths, stack traces. */
const INTERNALS = /select |insert |constraint|node_modules|\.js|stack|at \w+ \(/i;

let database: TestDatabase;
let api: TestApplication;
let admin: TestUser;
let port: number;

beforeAll(async () => {
  database = await createTestDatabase(MIGRATIONS);
  api = await startTestApplication(ApiModule.forRoot(testEnvironment({ databaseUrl: database.url })), [], (app) => {
    serveDocs(app, () => openApiDocument(app, OPEN_API));
    serveQueueDashboard(app);
    serveConsole(app);
  });
  admin = api.user('ROLE_ADMIN');
  port = Number(new URL(await api.listen()).port);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Sends `text` with CRLF for each `\n`, and reads until the server closes the connection. */
async function send(
  text: string,
): Promise<{ status: number; type: string | undefined; body: Record<string, unknown> }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  socket.write(text.replaceAll('\n', '\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
    type: /^content-type: (.*)$/im.exec(head)?.[1],
    body: JSON.parse(body) as Record<string, unknown>,
  };
}

describe.each(PREFIXES)('an invalid request under "%s" is answered with a problem document', (prefix) => {
  it.each([
    ['no Host', 'GET {path} HTTP/1.1\nConnection: close\n\n', 400, 'invalid_host'],
    ['two Hosts', 'GET {path} HTTP/1.1\nHost: a\nHost: b\nConnection: close\n\n', 400, 'invalid_host'],
    ['two equal Hosts', 'GET {path} HTTP/1.0\nhost: a\nHOST: a\n\n', 400, 'invalid_host'],
    [
      'an expectation',
      'GET {path} HTTP/1.1\nHost: a\nExpect: 200-ok\nConnection: close\n\n',
      417,
      'expectation_failed',
    ],
    ['no HTTP version', 'GET {path} \n\n', 400, 'malformed_request'],
    ['a space in its path', 'GET {path}/a b HTTP/1.1\nHost: a\n\n', 400, 'malformed_request'],
    ['an unknown method', 'FETCH {path} HTTP/1.1\nHost: a\n\n', 400, 'malformed_request'],
    ['a header without a colon', 'GET {path} HTTP/1.1\nHost: a\nno colon\n\n', 400, 'malformed_request'],
    ['two lengths', 'GET {path} HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 2\n\n', 400, 'malformed_request'],
    ['long headers', `GET {path} HTTP/1.1\nHost: a\nX: ${'x'.repeat(20_000)}\n\n`, 431, 'headers_too_large'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\nHost: a\n\n', 405, 'method_not_allowed'],
  ])('%s', async (_what, text, status, code) => {
    const answer = await send(text.replace('{path}', `${prefix}/nothing`));
    expect(answer).toMatchObject({
      status,
      type: PROBLEM,
      body: { status, code, type: expect.stringContaining(code) },
    });
  });

  it.each<[method: string, path: string]>([
    ['GET', '/nothing/at/all'],
    ['GET', '/%zz'],
    ['GET', '/a%00b'],
    ['GET', '/..%2f..%2fpackage.json'],
    ['GET', `/${'a'.repeat(501)}`],
    ['DELETE', '/nothing'],
    ['PUT', '/'],
    ['PATCH', ''],
    ['TRACE', '/'],
    ['OPTIONS', '/'],
    ['PROPFIND', '/'],
    ['QUERY', '/'],
    ['M-SEARCH', '/nothing'],
  ])('%s of %s', async (method, path) => {
    const { authorization } = admin.authorization;
    const head = `Host: a\nAuthorization: ${authorization}\nConnection: close\n\n`;
    const answer = await send(`${method} ${prefix}${path || (prefix === '' ? '/' : '')} HTTP/1.1\n${head}`);
    expect(answer).toMatchObject({ type: PROBLEM, body: { status: answer.status, code: expect.any(String) } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(JSON.stringify({ ...answer.body, instance: '' })).not.toMatch(INTERNALS);
  });
});

describe('a static file', () => {
  it.each(['/docs/swagger-ui.css', '/console/console.css', '/admin/queues/static/images/logo.svg'])(
    'refuses a range after the end of %s with a problem document',
    async (url) => {
      const headers = { ...admin.authorization, range: 'bytes=99999999-' };
      const answer = await api.inject({ url, headers });
      expect(answer.headers['content-type']).toBe(PROBLEM);
      expect(answer.json()).toMatchObject({ status: 416, code: 'range_not_satisfiable' });
    },
  );
});

describe('the dashboard of the queues', () => {
  it.each<['GET' | 'PUT' | 'POST' | 'PATCH', string, number, string]>([
    ['GET', '/queues/housekeeping/%00', 422, 'invalid_characters'],
    ['GET', '/queues/%00/a', 422, 'invalid_characters'],
    ['GET', '/queues/housekeeping/a%00b/logs', 422, 'invalid_characters'],
    ['PUT', '/queues/housekeeping/%00/retry', 422, 'invalid_characters'],
    ['PUT', '/queues/housekeeping/%00/clean', 422, 'invalid_characters'],
    ['PUT', '/queues/housekeeping/retry/%00', 422, 'invalid_characters'],
    ['GET', '/queues?status=%00', 422, 'invalid_characters'],
    ['GET', '/queues?activeQueue=housekeeping&status=%00', 422, 'invalid_characters'],
    ['GET', '/queues?activeQueue=housekeeping&status=unknown', 400, 'invalid_query_param'],
    ['GET', '/queues?activeQueue=housekeeping&page=x', 400, 'invalid_query_param'],
    ['GET', '/queues?activeQueue=%25zz', 400, 'malformed_url'],
    ['GET', '/queues/nothing/a', 404, 'queue_not_found'],
    ['GET', '/queues/housekeeping/a', 404, 'job_not_found'],
    ['PUT', '/queues/housekeeping/retry/unknown', 400, 'status_not_retriable'],
    ['PUT', '/queues/housekeeping/empty', 405, 'forbidden'],
    ['POST', '/queues/housekeeping/pause', 405, 'method_not_allowed'],
  ])('answers %s %s with %d %s as a problem document', async (method, path, status, code) => {
    const url = `/admin/queues/api${path}`;
    const answer = await api.inject({ method, url, headers: admin.authorization });
    expect({ type: answer.headers['content-type'], body: answer.json() }).toMatchObject({
      type: PROBLEM,
      body: { status, code },
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.body).not.toMatch(INTERNALS);
  });
});

describe('a dashboard page after the last one', () => {
  it('shows no jobs', async () => {
    const url = '/admin/queues/api/queues?activeQueue=housekeeping&status=failed&page=1e300';
    const answer = await api.inject({ url, headers: admin.authorization });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ queues: expect.arrayContaining([expect.objectContaining({ jobs: [] })]) });
  });
});

describe('a database constraint without a rule in the code', () => {
  it('answers a violated foreign key with 409 reference_conflict, and changes nothing', async () => {
    await database.rows('CREATE TABLE crm.sellers (id uuid PRIMARY KEY)');
    await database.rows(
      'ALTER TABLE crm.clients ADD CONSTRAINT clients_seller FOREIGN KEY (owner_id) REFERENCES crm.sellers',
    );
    const answer = await admin.post('/clients', { name: newId(), kind: 'person', owner_id: newId() });
    expect(answer).toMatchObject({ status: 409, code: 'reference_conflict' });
    expect(JSON.stringify(answer.body)).not.toMatch(/clients_seller|sellers|insert/i);
    expect(await database.rows('SELECT FROM crm.clients')).toEqual([]);
    await database.rows('DROP TABLE crm.sellers CASCADE');
  });
});
