import type { INestApplicationContext } from '@nestjs/common';
import type { DealView } from '#crm/deals/contracts';
import { BusModule } from '#platform/cqrs';
import { MessagingModule } from '#platform/messaging';
import { startTestModule, testEnvironment, type TestUser } from '#platform/testing';
import { Crm } from '../support/crm.js';
import { csvOf } from '../support/import-harness.js';
import { Nginx } from '../support/programs/nginx.js';
import { StreamClient } from '../integration/streams/stream-client.js';

/** More than nginx buffers and than it accepts without the documented limit. */
const LARGE_ROWS = 40_000;

describe('the API behind nginx with the documented configuration', () => {
  let crm: Crm;
  let nginx: Nginx;
  let sequencer: INestApplicationContext;
  let admin: TestUser;

  beforeAll(async () => {
    crm = await Crm.start({ CRM_TRUSTED_PROXIES: '127.0.0.1' });
    nginx = await Nginx.start(await crm.api.listen());
    sequencer = await startTestModule(testEnvironment({ databaseUrl: crm.database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: false })],
    });
    admin = crm.user('admin');
  });
  afterAll(async () => {
    await sequencer.close();
    await nginx.stop();
    await crm.stop();
  });

  const send = (
    path: string,
    { headers, ...request }: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ) => fetch(`${nginx.url}/api/v1${path}`, { ...request, headers: { ...admin.authorization, ...headers } });
  const patch = (path: string, body: object, headers: Record<string, string>) =>
    send(path, {
      method: 'PATCH',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const portOf = (url: string) => Number(new URL(url).port);

  it('compresses answers, whose weak ETag If-None-Match and If-Match take', async () => {
    const { id } = await crm.deal(admin);
    const answer = await send(`/deals/${id}`, { headers: { 'accept-encoding': 'gzip' } });
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'gzip']);
    expect(await answer.json()).toMatchObject({ id, version: 1 });
    const etag = answer.headers.get('etag')!;
    expect(etag).toBe('W/"1"');
    expect((await send(`/deals/${id}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await patch(`/deals/${id}`, { title: 'ОСАГО' }, { 'if-match': etag })).status).toBe(200);
    const late = await patch(`/deals/${id}`, { title: 'Дом' }, { 'if-match': etag, 'accept-encoding': 'gzip' });
    expect([late.status, late.headers.get('content-type')]).toEqual([412, 'application/problem+json']);
    expect(await late.json()).toMatchObject({ code: 'version_mismatch' });
  });

  it('passes each event of a stream at once and uncompressed, resumes by the id, and logs no token', async () => {
    const token = admin.authorization.authorization!.replace('Bearer ', '');
    const open = (lastEventId?: string) =>
      StreamClient.open(portOf(nginx.url), {
        query: `access_token=${token}`,
        headers: { 'accept-encoding': 'gzip' },
        ...(lastEventId !== undefined && { lastEventId }),
      });
    const stream = await open();
    expect(stream.response.headers['content-encoding']).toBeUndefined();
    const first: DealView = await crm.deal(admin);
    await stream.received(2);
    const last = stream.lastEventId!;
    stream.close();
    const second: DealView = await crm.deal(admin);
    const resumed = await open(last);
    const frames = await resumed.received(2);
    expect(stream.frames.at(-1)!.data.deal_id).toBe(first.id);
    expect(frames.map(({ event, data }) => [event, data.deal_id])).toContainEqual(['deal.created', second.id]);
    resumed.close();
    const log = nginx.accessLog();
    expect(log).toContain('GET /streams/deals');
    expect(log).not.toContain(token);
  });

  it('takes a large upload, and streams an export compressed', async () => {
    const rows = Array.from({ length: LARGE_ROWS }, (_, index) => [`Клиент ${index}`, 'person']);
    const csv = csvOf(['name', 'kind'], rows);
    const upload = await send('/imports/clients', {
      method: 'POST',
      body: csv,
      headers: { 'content-type': 'text/csv' },
    });
    expect(upload.status).toBe(202);
    const exported = await send('/exports/deals', { headers: { 'accept-encoding': 'gzip' } });
    expect([exported.status, exported.headers.get('content-encoding')]).toEqual([200, 'gzip']);
    expect(await exported.text()).toContain('КАСКО');
  });

  it('takes a change by cookie from a page of its own host only', async () => {
    const cookie = `crm_access_token=${admin.authorization.authorization!.replace('Bearer ', '')}`;
    const post = (origin: string) =>
      fetch(`${nginx.url}/api/v1/clients?allow_duplicate=true`, {
        method: 'POST',
        body: JSON.stringify({ name: 'Иванова Мария' }),
        headers: { cookie, origin, 'content-type': 'application/json' },
      });
    expect((await post(nginx.url)).status).toBe(201);
    expect((await post('https://evil.example')).status).toBe(403);
  });
});
