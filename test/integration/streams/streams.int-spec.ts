import { connect as dial, type Socket } from 'node:net';
import { newId } from '#platform/kernel';
import { openApiDocument } from '#platform/http';
import { accessToken, until } from '#platform/testing';
import type { StreamApplication } from './stream-application.js';
import type { StreamOptions } from './stream-client.js';
import { type EventDatabase, numbered } from './stream-events.js';
import { StreamHarness } from './stream-harness.js';

const PATHS = ['/streams', '/streams/deals', '/api/v1/streams/deals'];
const LEAD = tokenOf('ROLE_TEAM_LEAD');

let harness: StreamHarness;
let database: EventDatabase;
let api: StreamApplication;

function tokenOf(role: string, userId = newId()): string {
  return accessToken({ userId, roles: [role] });
}

const connect: StreamHarness['connect'] = (...parameters) => harness.connect(...parameters);

beforeAll(async () => {
  harness = await StreamHarness.begin();
  ({ database, api } = harness);
}, 60_000);
afterEach(() => harness.rest());
afterAll(() => harness.end());

describe('the event stream', () => {
  it('begins with the delay and the id for a reconnection', async () => {
    const last = await database.appendSequenced(numbered(newId(), 1, 1));
    const client = await connect();
    await client.reached(last);

    expect(client.status).toBe(200);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    });
    expect(client.response.headers['x-request-id']).toBeDefined();
    expect(client.text).toMatch(/^retry: 3000\nid: \d+\n\n/);
  });

  it('sends an event at once, with position and routing key, as one line of JSON', async () => {
    const [dealId, clientId] = [newId(), newId()];
    const client = await connect({ query: `deal_id=${dealId}` });

    const data = { note: 'one\ntwo', to: 'proposal' };
    const last = await database.appendSequenced([{ type: 'deal.stage_changed', dealId, clientId, data }]);
    const [frame] = await client.received(1);

    expect(frame).toMatchObject({
      id: String(last),
      event: 'deal.stage_changed',
      data: {
        type: 'crm.deal.stage_changed',
        position: String(last),
        subject: `deals/${dealId}`,
        stream_version: 1,
        deal_id: dealId,
        client_id: clientId,
        actor_id: null,
        data,
      },
    });
    expect(frame!.data.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(frame!.data.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it.each(PATHS.flatMap((path) => [path, `${path}/`]))('is available at %s', async (path) => {
    const dealId = newId();
    const client = await connect({ path, query: `deal_id=${dealId}` });
    expect(client.status).toBe(200);
    await database.append(numbered(dealId, 1, 1));
    await client.received(1);
  });

  it('is described at each of its paths', () => {
    const { paths } = openApiDocument(api.app.nest, { title: 't', description: 'd', version: '1', tags: [] });
    expect(Object.keys(paths).sort()).toEqual([...PATHS].sort());
    const operations = Object.values(paths).map(({ get }) => get!);
    for (const { parameters, responses } of operations) {
      expect(parameters!.map((parameter) => 'name' in parameter && parameter.name).sort()).toEqual(
        ['Last-Event-ID', 'access_token', 'deal_id', 'last_event_id', 'types'].sort(),
      );
      expect(responses['200']).toMatchObject({ content: { 'text/event-stream': {} } });
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '422', '429']));
    }
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(PATHS.length);
  });

  it('sends comments as heartbeats on an idle stream', async () => {
    const last = await database.lastPosition();
    const client = await connect({ query: `deal_id=${newId()}` });
    await client.reached(last);
    await client.beats();
    expect(new Set(client.comments)).toEqual(new Set(['hb']));
    expect(client.text).toMatch(/(?:: hb\n\n){2}$/);
    expect(client.frames).toEqual([]);
  });

  it('sends a current id also to a client without visible events', async () => {
    const client = await connect({ query: `deal_id=${newId()}` });
    await client.reached(await database.appendSequenced(numbered(newId(), 1, 1)));
    expect(client.frames).toEqual([]);
  });

  it('answers a HEAD request with headers only', async () => {
    const open = (): Promise<number> => api.metric('crm_sse_connections');
    await until(async () => (await open()) === 0);
    const answer = await fetch(`http://127.0.0.1:${api.port}/streams`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${LEAD}` },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(await open()).toBe(0);
  });
});

describe('clients with unusual HTTP', () => {
  /** Sends lines of a request over a raw socket. */
  function send(...requests: string[]): { readonly socket: Socket; text: string } {
    const line = { socket: dial(api.port, '127.0.0.1'), text: '' };
    line.socket.on('data', (data) => (line.text += data.toString())).on('error', () => undefined);
    line.socket.write(requests.map((head) => `${head}\r\nHost: crm\r\nAuthorization: Bearer ${LEAD}\r\n\r\n`).join(''));
    return line;
  }

  it('get no chunked encoding with HTTP/1.0', async () => {
    const dealId = newId();
    const line = send(`GET /streams?deal_id=${dealId} HTTP/1.0`);
    await until(() => line.text.includes('retry'));
    await database.append(numbered(dealId, 1, 1));
    await until(() => line.text.includes('"data":{"n": 1}'));
    const body = line.text.split('\r\n\r\n')[1]!.replace(/^: hb\n(?:id: \d+\n)?\n/gm, '');
    expect(body).toMatch(/^retry: 3000\nid: \d+\n\nid: \d+\nevent: deal\.updated\ndata: \{.*\}\n\n$/);
    line.socket.destroy();
  });

  it('get no further response on the connection of a stream', async () => {
    const before = await api.metric('crm_sse_connections');
    const line = send('GET /streams HTTP/1.1', 'GET /streams HTTP/1.1');
    await until(() => line.socket.destroyed);
    await until(async () => (await api.metric('crm_sse_connections')) <= before);
  });
});

describe('access to the event stream', () => {
  it('accepts the token from the header, the cookie or the query', async () => {
    const ways: StreamOptions[] = [
      { token: LEAD },
      { token: undefined, headers: { cookie: `crm_access_token=${LEAD}` } },
      { token: undefined, query: `access_token=${LEAD}` },
    ];
    for (const way of ways) expect((await connect(way)).status).toBe(200);
  });

  it('refuses a client without a token, or without a role', async () => {
    const stranger = await connect({ token: undefined });
    const roleless = await connect({ token: accessToken({ userId: newId(), roles: [] }) });
    await roleless.closed();
    expect([stranger.status, roleless.status]).toEqual([401, 403]);
    expect(roleless.response.headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(roleless.text)).toMatchObject({ code: 'forbidden' });
  });

  it('sends a seller only events in the seller’s scope', async () => {
    const [seller, other, dealId] = [newId(), newId(), newId()];
    const client = await connect({ token: tokenOf('agent', seller.toUpperCase()) });

    await database.append([
      ...numbered(dealId, 1, 1, { audience: [other, seller] }),
      ...numbered(dealId, 2, 2, { audience: [other] }),
      ...numbered(dealId, 3, 3, { audience: [] }),
      ...numbered(dealId, 4, 4, { audience: [seller] }),
    ]);
    await client.reached(
      await database.appendSequenced([{ type: 'client.updated', audience: [seller], data: { n: 5 } }]),
    );

    expect(client.numbers).toEqual([1, 4, 5]);
  });

  it('replays to a seller only events that were visible live', async () => {
    const [seller, dealId] = [newId(), newId()];
    const start = await database.lastPosition();
    const last = await database.appendSequenced([
      ...numbered(dealId, 1, 1, { audience: [newId()] }),
      ...numbered(dealId, 2, 2, { audience: [seller] }),
      ...numbered(dealId, 3, 3),
    ]);

    const client = await connect({ token: tokenOf('ROLE_EXECUTOR', seller), lastEventId: String(start) });
    await client.reached(last);

    expect(client.numbers).toEqual([2]);
  });

  it.each([
    { roles: ['agent'], seen: [1, 3, 4] },
    { roles: ['ROLE_EXECUTOR'], seen: [2, 3, 4] },
    { roles: ['agent', 'ROLE_EXECUTOR'], seen: [1, 2, 3, 4] },
  ])('sends to $roles readable events of deals they own or execute: $seen', async ({ roles, seen }) => {
    const [me, other, dealId] = [newId(), newId(), newId()];
    const token = accessToken({ userId: me, roles });
    const start = await database.lastPosition();
    const live = await connect({ token });
    const last = await database.appendSequenced([
      ...numbered(dealId, 1, 1, { audience: [me, null, other] }),
      ...numbered(dealId, 2, 2, { audience: [other, null, me] }),
      ...numbered(dealId, 3, 3, { audience: [me, null, me] }),
      // The format of earlier releases.
      ...numbered(dealId, 4, 4, { audience: [other, me] }),
      ...numbered(dealId, 5, 5, { audience: [other, null, other] }),
    ]);
    await live.reached(last);
    const replayed = await connect({ token, lastEventId: String(start) });
    await replayed.reached(last);
    expect([live.numbers, replayed.numbers]).toEqual([seen, seen]);
  });

  it.each(['ROLE_FINANCE_MANAGER', 'ROLE_TEAM_LEAD', 'ROLE_ADMIN', 'service'])(
    'sends all events to %s',
    async (role) => {
      const dealId = newId();
      const client = await connect({ token: tokenOf(role), query: `deal_id=${dealId}` });
      await database.append(numbered(dealId, 1, 1, { audience: [newId()] }));
      await client.received(1);
    },
  );

  it('ends the stream cleanly when the token expires', async () => {
    const expiresAt = Date.now() / 1_000 + 1.5;
    const client = await connect({ token: accessToken({ userId: newId(), roles: ['agent'], expiresAt }) });
    expect(client.status).toBe(200);
    await client.closed();
    expect(Date.now() / 1_000).toBeGreaterThanOrEqual(expiresAt);
    expect(client.comments).toContain('the access token has expired');
    expect(client.response.complete).toBe(true);
  });

  it('limits the streams of one user', async () => {
    const limited = await harness.another({ CRM_SSE_CONNECTIONS_PER_USER: '2' });
    const token = tokenOf('agent');
    const first = await connect({ token }, limited);
    await connect({ token }, limited);

    const third = await connect({ token }, limited);
    await third.closed();
    expect(third.status).toBe(429);
    expect(JSON.parse(third.text)).toMatchObject({ code: 'too_many_streams' });
    expect((await connect({ token: tokenOf('agent') }, limited)).status).toBe(200);

    first.close();
    await until(async () => (await connect({ token }, limited)).status === 200);
  });
});

describe('the filters of a client', () => {
  it('select the requested deals, in any notation of the parameter', async () => {
    const [one, two, other] = [newId(), newId(), newId()];
    const queries = [
      `deal_id=${one}&deal_id=${two}`,
      `deal_id[]=${one}&deal_id[]=${two.toUpperCase()}`,
      `dealId=${one}&dealId=${two}`,
    ];
    const listeners = await Promise.all(queries.map((query) => connect({ query })));

    const last = await database.appendSequenced([one, two, other].flatMap((dealId) => numbered(dealId, 1, 1)));
    for (const client of listeners) {
      await client.reached(last);
      expect(client.frames.map(({ data }) => data.deal_id).sort()).toEqual([one, two].sort());
    }
  });

  it('select the requested types: * is one word, # any number', async () => {
    const dealId = newId();
    const types = ['deal.payment.updated', 'deal.payment.income.created', 'deal.updated', 'deal.payment.overdue'];
    const wanted: [query: string, indexes: number[]][] = [
      ['types=deal.payment.*', [0, 3]],
      ['types=deal.payment.%23', [0, 1, 3]],
      ['types=deal.updated,deal.payment.overdue', [2, 3]],
      ['types=deal.updated&types=deal.payment.income.*', [1, 2]],
      ['types[]=*.updated', [2]],
    ];
    const listeners = await Promise.all(wanted.map(([query]) => connect({ query: `${query}&deal_id=${dealId}` })));

    const last = await database.appendSequenced(types.map((type) => ({ dealId, type })));
    for (const [index, [, indexes]] of wanted.entries()) {
      await listeners[index]!.reached(last);
      expect(listeners[index]!.frames.map(({ event }) => event)).toEqual(indexes.map((at) => types[at]));
    }
  });

  it.each([
    ['a parameter that there isn’t', 'deals=1', '?deals', 'unknown_parameter'],
    ['a deal that is no id', 'deal_id=42', '?deal_id', 'not_a_uuid'],
    ['an empty deal', 'deal_id=', '?deal_id', 'not_a_uuid'],
    ['a type that is no pattern', 'types=deal..updated', '?types', 'not_a_type_pattern'],
    ['a type in capitals', 'types=deal.updated,Deal', '?types', 'not_a_type_pattern'],
    ['two last ids', 'last_event_id=1&last_event_id=2', '?last_event_id', 'not_a_string'],
  ])('refuses %s', async (_, query, pointer, code) => {
    const client = await connect({ query });
    await client.closed();
    expect(client.status).toBe(422);
    expect(JSON.parse(client.text)).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
  });
});
