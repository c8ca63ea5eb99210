import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import { accessToken, type TestApplication } from '#platform/testing';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { serveQueueDashboard } from '../../../apps/api/src/queues/queue-dashboard.js';
import { Crm } from '../../support/crm.js';

const COOKIE = { cookie: `crm_access_token=${accessToken({ userId: newId(), roles: ['ROLE_ADMIN'] })}` };
const EVIL = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
const OWN = { 'sec-fetch-site': 'same-origin' };
const UNSAFE = ['post', 'put', 'patch', 'delete'] as const;
const FORM = [
  '--limit',
  'Content-Disposition: form-data; name="file"; filename="clients.csv"',
  'Content-Type: text/csv',
  '',
  'name,kind',
  'Новый,person',
  '--limit--',
  '',
].join('\r\n');

describe('a page of another site', () => {
  let crm: Crm;
  let proxied: TestApplication;

  beforeAll(async () => {
    crm = await Crm.start({}, serveQueueDashboard);
    proxied = await crm.also({
      CRM_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1',
      CRM_ALLOWED_ORIGINS: 'https://app.example',
    });
  });
  afterAll(() => crm.stop());

  async function send(method: string, url: string, headers: object, payload?: string) {
    const request = { method: method.toUpperCase() as 'POST', url, headers: { ...COOKIE, ...headers } };
    const answer = await crm.api.inject(payload === undefined ? request : { ...request, payload });
    return { status: answer.statusCode, code: answer.body === '' ? undefined : answer.json<{ code?: string }>().code };
  }

  it('cannot change anything with the cookie, on any route', async () => {
    const before = await crm.rowCounts();
    const { paths } = openApiDocument(crm.api.nest, OPEN_API);
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      UNSAFE.filter((method) => item[method]).map((method) => ({ method, path: path.replaceAll(/\{\w+\}/g, newId()) })),
    );
    expect(routes.length).toBeGreaterThan(50);
    for (const { method, path } of routes) {
      for (const headers of [EVIL, {}]) {
        const answer = await send(method, path, headers);
        expect({ method, path, ...answer }).toEqual({ method, path, status: 403, code: 'cross_site_request' });
      }
    }
    expect(await crm.rowCounts()).toEqual(before);
  });

  it('cannot upload a file by a form', async () => {
    const type = { 'content-type': 'multipart/form-data; boundary=limit' };
    const url = '/api/v1/imports/clients?dry_run=true';
    expect(await send('post', url, { ...EVIL, ...type }, FORM)).toEqual({ status: 403, code: 'cross_site_request' });
    expect(await send('post', url, { ...OWN, ...type }, FORM)).toMatchObject({ status: 202 });
  });

  it('cannot operate a queue', async () => {
    const url = '/admin/queues/api/queues/imports/pause';
    expect(await send('put', url, EVIL)).toEqual({ status: 403, code: 'cross_site_request' });
    expect(await send('put', url, OWN)).toEqual({ status: 200, code: undefined });
    expect(await send('put', '/admin/queues/api/queues/imports/resume', OWN)).toMatchObject({ status: 200 });
    expect(await crm.api.inject({ url: '/admin/queues', headers: COOKIE })).toMatchObject({ statusCode: 200 });
  });

  it('is accepted with the own origin, and may read with any origin', async () => {
    const client = { name: 'Новый', kind: 'person' };
    const type = { 'content-type': 'application/json' };
    expect(await send('post', '/api/v1/clients', { ...OWN, ...type }, JSON.stringify(client))).toMatchObject({
      status: 201,
    });
    expect(await send('get', '/api/v1/clients', EVIL)).toMatchObject({ status: 200 });
  });

  it.each([
    ['the own host by X-Forwarded-Host', 'https://crm.example', 404],
    ['an allowed origin', 'https://app.example', 404],
    ['another origin', 'https://evil.example', 403],
  ])('is identified behind a trusted proxy by %s', async (_name, origin, status) => {
    const request = {
      method: 'DELETE',
      url: `/api/v1/deals/${newId()}`,
      headers: { ...COOKIE, origin, host: 'crm-api:8082', 'x-forwarded-host': 'crm.example' },
    } as const;
    expect(await proxied.inject(request)).toMatchObject({ statusCode: status });
    // Without the setting the header is ignored.
    expect(await crm.api.inject(request)).toMatchObject({ statusCode: 403 });
  });
});
