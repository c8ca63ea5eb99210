import { randomUUID } from 'node:crypto';
import { type ReceivedFrame, StreamClient, type StreamOptions } from './stream-client.js';
import { type AppendedEvent, EventDatabase, StreamApplication, tokenFor, until } from './stream-application.js';

const RING_FRAMES = 5_000;
const DEAL_UPDATED = 'deal.updated';
const LEAD = tokenFor(randomUUID(), ['ROLE_TEAM_LEAD']);

let database: EventDatabase;
let api: StreamApplication;
const clients: StreamClient[] = [];

async function connect(options: StreamOptions = {}, application = api): Promise<StreamClient> {
  const shown = options.query?.includes('access_token') || options.headers ? {} : { token: LEAD };
  const client = await StreamClient.open(application.port, { ...shown, ...options });
  clients.push(client);
  return client;
}

/** Events of one deal, numbered in their data. */
function numbered(dealId: string, from: number, to: number, event: AppendedEvent = {}): AppendedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ dealId, data: { n: from + index }, ...event }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Two heartbeats: whatever was written before the first of them has arrived. */
async function beats(client: StreamClient): Promise<void> {
  const before = client.comments.length;
  await until(() => client.comments.length >= before + 2, 'heartbeats');
}

beforeAll(async () => {
  database = await EventDatabase.create();
  api = await StreamApplication.start(database.url, { CRM_SSE_HEARTBEAT_MS: '200', CRM_SSE_BACKLOG_BYTES: '65536' });
}, 60_000);

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(async () => {
  await api.stop();
  await database.drop();
});

jest.setTimeout(60_000);

describe('the event stream', () => {
  it('begins with the time to wait before reconnecting and the id to come back with', async () => {
    const last = await database.appendSequenced([{ dealId: randomUUID() }]);
    const client = await connect();
    await until(() => client.lastEventId !== undefined, 'the first id');

    expect(client.status).toBe(200);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      connection: 'keep-alive',
    });
    expect(client.response.headers['x-request-id']).toBeDefined();
    expect(client.text).toMatch(/^retry: 3000\nid: \d+\n\n/);
    await until(() => Number(client.lastEventId) >= last, 'the position of the tail');
  });

  it('tells an event as it happens, under its position and routing key, as one line of JSON', async () => {
    const [dealId, clientId] = [randomUUID(), randomUUID()];
    const client = await connect({ query: `deal_id=${dealId}` });

    await database.append([
      { type: 'deal.stage_changed', dealId, clientId, data: { note: 'one\ntwo', to: 'proposal' } },
    ]);
    const [frame] = await client.received(1);

    expect(frame).toMatchObject({
      event: 'deal.stage_changed',
      data: {
        type: 'crm.deal.stage_changed',
        position: frame!.id,
        subject: `deals/${dealId}`,
        stream_version: 1,
        deal_id: dealId,
        client_id: clientId,
        actor_id: null,
        data: { note: 'one\ntwo', to: 'proposal' },
      },
    });
    expect(frame!.data.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(frame!.data.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it.each([
    '/streams',
    '/streams/',
    '/streams/deals',
    '/streams/deals/',
    '/api/v1/streams/deals',
    '/api/v1/streams/deals/',
  ])('is found at %s', async (path) => {
    const dealId = randomUUID();
    const client = await connect({ path, query: `deal_id=${dealId}` });
    expect(client.status).toBe(200);
    await database.append(numbered(dealId, 1, 1));
    await client.received(1);
  });

  it('keeps a silent stream alive with comments', async () => {
    const client = await connect({ query: `deal_id=${randomUUID()}` });
    await until(() => client.comments.length >= 3, 'three heartbeats');
    expect(new Set(client.comments)).toEqual(new Set(['hb']));
    expect(client.frames).toEqual([]);
  });

  it('gives a client whom no event concerned the id to come back with all the same', async () => {
    const client = await connect({ query: `deal_id=${randomUUID()}` });
    const last = await database.appendSequenced([{ dealId: randomUUID() }]);
    await until(() => Number(client.lastEventId) >= last, 'the position that the log has come to');
    expect(client.frames).toEqual([]);
  });

  it('answers a HEAD request with the head alone', async () => {
    const answer = await fetch(`http://127.0.0.1:${api.port}/streams`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${LEAD}` },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
  });
});

describe('who may listen', () => {
  it('takes the token from the header, the cookie or the query', async () => {
    const ways: StreamOptions[] = [
      { token: LEAD },
      { headers: { cookie: `crm_access_token=${LEAD}` } },
      { query: `access_token=${LEAD}` },
    ];
    for (const way of ways) expect((await connect(way)).status).toBe(200);
  });

  it('refuses who shows no token, or one without a role', async () => {
    const stranger = await connect({ headers: { accept: 'text/event-stream' } });
    const nobody = await connect({ token: tokenFor(randomUUID(), []) });
    expect([stranger.status, nobody.status]).toEqual([401, 403]);
    await until(() => nobody.isClosed, 'the whole answer');
    expect(nobody.response.headers['content-type']).toContain('application/problem+json');
    expect(JSON.parse(nobody.text)).toMatchObject({ code: 'forbidden' });
  });

  it('shows a seller what concerns the seller, and nothing of another', async () => {
    const [seller, other] = [randomUUID(), randomUUID()];
    const client = await connect({ token: tokenFor(seller.toUpperCase(), ['agent']) });
    const dealId = randomUUID();

    await database.append([
      ...numbered(dealId, 1, 1, { audience: [other, seller] }),
      ...numbered(dealId, 2, 2, { audience: [other] }),
      ...numbered(dealId, 3, 3, { audience: [] }),
      ...numbered(dealId, 4, 4, { audience: [seller] }),
    ]);
    await database.append([{ type: 'client.updated', audience: [seller], data: { n: 5 } }]);
    await client.received(3);
    await beats(client);

    expect(client.numbers).toEqual([1, 4, 5]);
  });

  it('replays to a seller no more than it would have told live', async () => {
    const seller = randomUUID();
    const start = await database.lastPosition();
    const dealId = randomUUID();
    const last = await database.appendSequenced([
      ...numbered(dealId, 1, 1, { audience: [randomUUID()] }),
      ...numbered(dealId, 2, 2, { audience: [seller] }),
      ...numbered(dealId, 3, 3),
    ]);

    const client = await connect({ token: tokenFor(seller, ['ROLE_EXECUTOR']), lastEventId: String(start) });
    await until(() => Number(client.lastEventId) >= last, 'the end of the log');

    expect(client.numbers).toEqual([2]);
  });

  it.each(['ROLE_FINANCE_MANAGER', 'ROLE_TEAM_LEAD', 'ROLE_ADMIN', 'service'])('shows %s everything', async (role) => {
    const dealId = randomUUID();
    const client = await connect({ token: tokenFor(randomUUID(), [role]), query: `deal_id=${dealId}` });
    await database.append(numbered(dealId, 1, 1, { audience: [randomUUID()] }));
    await client.received(1);
  });

  it('ends the stream in good order when the token expires', async () => {
    const client = await connect({ token: tokenFor(randomUUID(), ['agent'], 1_500) });
    expect(client.status).toBe(200);
    await client.closed();
    expect(client.comments).toContain('the access token has expired');
    expect(client.response.complete).toBe(true);
  });

  it('lets one user hold a number of streams and no more', async () => {
    const limited = await StreamApplication.start(database.url, { CRM_SSE_CONNECTIONS_PER_USER: '2' });
    const token = tokenFor(randomUUID(), ['agent']);
    const [first] = [await connect({ token }, limited), await connect({ token }, limited)];

    const third = await connect({ token }, limited);
    await until(() => third.isClosed, 'the whole answer');
    expect(third.status).toBe(429);
    expect(JSON.parse(third.text)).toMatchObject({ code: 'too_many_streams' });
    expect((await connect({ token: tokenFor(randomUUID(), ['agent']) }, limited)).status).toBe(200);

    first!.close();
    await until(async () => (await connect({ token }, limited)).status === 200, 'room for another');
    await limited.stop();
  });
});

describe('what a client asks for', () => {
  it('tells of the deals asked for only, however the parameter is written', async () => {
    const [one, two, other] = [randomUUID(), randomUUID(), randomUUID()];
    const queries = [
      `deal_id=${one}&deal_id=${two}`,
      `deal_id[]=${one}&deal_id[]=${two.toUpperCase()}`,
      `dealId=${one}&dealId=${two}`,
    ];
    const listeners = await Promise.all(queries.map((query) => connect({ query })));

    await database.append([...numbered(other, 1, 1), ...numbered(one, 2, 2), ...numbered(two, 2, 2)]);
    for (const client of listeners) {
      await client.received(2);
      await beats(client);
      expect(client.frames.map(({ data }) => data.deal_id).sort()).toEqual([one, two].sort());
    }
  });

  it('tells of the types asked for only: * is one word, # any number', async () => {
    const dealId = randomUUID();
    const types = ['deal.payment.updated', 'deal.payment.income.created', DEAL_UPDATED, 'deal.payment.overdue'];
    const wanted: Record<string, readonly string[]> = {
      'types=deal.payment.*': [types[0]!, types[3]!],
      'types=deal.payment.%23': [types[0]!, types[1]!, types[3]!],
      'types=deal.updated,deal.payment.overdue': [types[2]!, types[3]!],
      'types=deal.updated&types=deal.payment.income.*': [types[1]!, types[2]!],
      'types[]=*.updated': [types[2]!],
    };
    const listeners = await Promise.all(
      Object.keys(wanted).map((query) => connect({ query: `${query}&deal_id=${dealId}` })),
    );

    await database.append(types.map((type) => ({ dealId, type })));
    for (const [index, expected] of Object.values(wanted).entries()) {
      await listeners[index]!.received(expected.length);
      await beats(listeners[index]!);
      expect(listeners[index]!.frames.map(({ event }) => event)).toEqual(expected);
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
    await until(() => client.isClosed, 'the whole answer');
    expect(client.status).toBe(422);
    expect(JSON.parse(client.text)).toMatchObject({ code: 'validation_failed', errors: [{ pointer, code }] });
  });
});

describe('coming back', () => {
  it.each<[string, (id: string) => StreamOptions]>([
    ['the header', (id) => ({ lastEventId: id })],
    ['the query', (id) => ({ query: `last_event_id=${id}` })],
    ['the query in camel case', (id) => ({ query: `lastEventId=${id}` })],
    ['the header, whatever the query says', (id) => ({ lastEventId: id, query: 'last_event_id=nonsense' })],
  ])('goes on right after the id in %s', async (_, options) => {
    const dealId = randomUUID();
    const start = await database.lastPosition();
    await database.appendSequenced(numbered(dealId, 1, 5));

    const client = await connect(options(String(start + 2)));
    await client.received(3);
    await database.append(numbered(dealId, 6, 7));
    await client.received(5);

    expect(client.numbers).toEqual([3, 4, 5, 6, 7]);
    expect(client.frames.map(({ id }) => Number(id))).toEqual(range(start + 3, start + 7));
  });

  it('begins now for a client whose id is empty', async () => {
    await database.appendSequenced([{ dealId: randomUUID() }]);
    const client = await connect({ lastEventId: '', query: 'last_event_id=' });
    await beats(client);
    expect(client.frames).toEqual([]);
  });

  it('goes on from the log where memory does not reach: more events than are kept, and a process just started', async () => {
    const dealId = randomUUID();
    const count = RING_FRAMES + 1_200;
    const start = await database.lastPosition();
    await database.appendSequenced(numbered(dealId, 1, count));
    const fresh = await StreamApplication.start(database.url);

    for (const application of [api, fresh]) {
      const client = await connect({ lastEventId: String(start) }, application);
      await client.received(count);
      expect(client.numbers).toEqual(range(1, count));
    }
    await fresh.stop();
  });

  it('misses nothing and repeats nothing while writers go on and clients come and go', async () => {
    const dealIds = Array.from({ length: 4 }, () => randomUUID());
    const seller = randomUUID();
    const perDeal = 400;
    const start = String(await database.lastPosition());
    let isWriting = true;
    const write = async (dealId: string): Promise<void> => {
      for (let n = 1; n <= perDeal; n += 4) {
        await database.append(numbered(dealId, n, n + 3, { audience: n % 8 === 1 ? [seller] : [] }));
      }
    };
    const writing = Promise.all(dealIds.map(write)).finally(() => (isWriting = false));

    /** Comes back by its last id after every few frames until it has all. */
    const follow = async (options: StreamOptions, count: number): Promise<ReceivedFrame[]> => {
      const all: ReceivedFrame[] = [];
      let lastEventId = start;
      while (all.length < count) {
        const client = await connect({ ...options, lastEventId });
        const share = 1 + ((all.length * 7) % 40);
        await client.received(Math.min(share, count - all.length));
        client.close();
        all.push(...client.frames.splice(0));
        lastEventId = all.at(-1)!.id;
      }
      return all;
    };
    const everyOther = (perDeal / 2) * dealIds.length;
    const followed = await Promise.all([
      follow({}, perDeal * dealIds.length),
      follow({ query: dealIds.map((id) => `deal_id=${id}`).join('&') }, perDeal * dealIds.length),
      follow({ token: tokenFor(seller, ['agent']) }, everyOther),
      follow({ query: `deal_id=${dealIds[0]}` }, perDeal),
    ]);
    await writing;

    expect(isWriting).toBe(false);
    for (const [index, frames] of followed.entries()) {
      const ids = frames.map(({ id }) => Number(id));
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      for (const dealId of index === 3 ? dealIds.slice(0, 1) : dealIds) {
        const numbers = frames
          .filter(({ data }) => data.deal_id === dealId)
          .map(({ data }) => (data.data as { n: number }).n);
        expect(numbers).toEqual(range(1, perDeal).filter((n) => index !== 2 || (n - 1) % 8 < 4));
      }
    }
  });

  it('serves a client whose id this process does not know yet, without telling it anything twice', async () => {
    const dealId = randomUUID();
    const last = await database.appendSequenced(numbered(dealId, 1, 1));
    // The position is given in the log, and the tail may or may not have come to it.
    const client = await connect({ lastEventId: String(last) });
    await database.append(numbered(dealId, 2, 2));
    await client.received(1);
    expect(client.frames.map(({ event }) => event)).toEqual([DEAL_UPDATED]);
    expect(client.numbers).toEqual([2]);
  });

  it.each([
    ['is no id of ours', 'b5f4a1', 'unknown_id'],
    ['is none in our spelling', '007', 'unknown_id'],
    ['lies in the future', '8999999999999999999', 'id_in_the_future'],
    ['is greater than any there can be', '9999999999999999999', 'id_in_the_future'],
  ])('says so when the id %s, and goes on from now', async (_, id, reason) => {
    const dealId = randomUUID();
    const client = await connect({ lastEventId: id, query: `deal_id=${dealId}` });
    const [reset] = await client.received(1);
    expect(reset).toMatchObject({ event: 'reset', data: { reason, position: reset!.id } });
    await database.append(numbered(dealId, 1, 1));
    const [, frame] = await client.received(2);
    expect(frame).toMatchObject({ event: DEAL_UPDATED, data: { deal_id: dealId } });
    expect(Number(frame!.id)).toBeGreaterThan(Number(reset!.id));
  });

  it('says so when the events after the id are no longer kept', async () => {
    const dealId = randomUUID();
    const start = await database.lastPosition();
    const last = await database.appendSequenced(numbered(dealId, 1, 3));
    await database.pool.query('DELETE FROM crm.event_log WHERE position <= $1', [start + 2]);
    // Another process has nothing of it in memory.
    const other = await StreamApplication.start(database.url);

    const late = await connect({ lastEventId: String(start + 1) }, other);
    const [reset] = await late.received(1);
    expect(reset).toMatchObject({ id: String(last), event: 'reset', data: { reason: 'id_past_retention' } });
    const inTime = await connect({ lastEventId: String(start + 2) }, other);
    await inTime.received(1);
    expect(inTime.numbers).toEqual([3]);

    await database.append(numbered(dealId, 4, 4));
    await late.received(2);
    expect(late.numbers).toEqual([4]);
    await other.stop();
  });
});

describe('clients that come to no good', () => {
  /** Frames of about 40 KB each. */
  const heavy = (dealId: string, from: number, to: number): AppendedEvent[] =>
    range(from, to).map((n) => ({ dealId, data: { n, filling: 'x'.repeat(40_000) } }));

  it('cuts off one that does not read, which then goes on by its last id', async () => {
    const dealId = randomUUID();
    const query = `deal_id=${dealId}`;
    const cutBefore = await api.metric('crm_sse_cut_total{reason="backlog"}');
    const hanging = await connect({ query });
    await until(() => hanging.lastEventId !== undefined, 'the first id');
    hanging.pause();

    const count = 600;
    for (let n = 1; n <= count; n += 50) await database.appendSequenced(heavy(dealId, n, n + 49));
    await until(
      async () => (await api.metric('crm_sse_cut_total{reason="backlog"}')) > cutBefore,
      'the slow client to be cut',
    );
    hanging.resume();
    await hanging.closed();
    expect(hanging.numbers.length).toBeLessThan(count);

    const back = await connect({ query, lastEventId: hanging.lastEventId });
    await back.received(count - hanging.frames.length);
    expect([...hanging.numbers, ...back.numbers]).toEqual(range(1, count));
  });

  it('does not cut off one that reads, whatever the burst, and replays no faster than it reads', async () => {
    const dealId = randomUUID();
    const start = await database.lastPosition();
    await database.appendSequenced(heavy(dealId, 1, 200));
    const client = await connect({ query: `deal_id=${dealId}`, lastEventId: String(start) });
    await client.received(200);
    expect(client.numbers).toEqual(range(1, 200));
  });

  it('cuts off one that hangs in its replay', async () => {
    const dealId = randomUUID();
    const start = await database.lastPosition();
    await database.appendSequenced(heavy(dealId, 1, 400));
    const stalled = await api.metric('crm_sse_cut_total{reason="stalled"}');
    const client = await connect({ query: `deal_id=${dealId}`, lastEventId: String(start) });
    client.pause();
    for (let i=0;i<10;i++) { await new Promise(r=>setTimeout(r,500)); const o:any = api.app.get((await import('../../apps/api/src/streams/open-streams.js')).OpenStreams); for (const s of o.connections) console.log(s.state, String(s.cursor), s.backlog, s.socket.bytesWritten, client.text.length, client.response.isPaused(), start); console.log((await api.app.get((await import('#platform/observability')).Metrics).registry.metrics()).split('\n').filter((l:string)=>l.startsWith('crm_sse'))) }
  });

  it('keeps nothing of clients that are gone, whenever they went', async () => {
    const { port } = api;
    const going: Promise<unknown>[] = [];
    for (let index = 0; index < 200; index += 1) {
      const leave = (client: StreamClient): void => client.close();
      going.push(connect({ ...(index % 2 === 0 && { lastEventId: '0' }) }).then(leave));
      const aborted = new AbortController();
      const answer = fetch(`http://127.0.0.1:${port}/streams?access_token=${LEAD}`, { signal: aborted.signal });
      setImmediate(() => aborted.abort());
      going.push(answer.catch(() => undefined));
    }
    await Promise.all(going);
    await until(async () => (await api.metric('crm_sse_connections')) === 0, 'every connection to be forgotten');
  });
});

describe('the stop of a process', () => {
  it('ends its streams in good order and does not wait for them', async () => {
    const stopping = await StreamApplication.start(database.url);
    const open = await Promise.all([connect({}, stopping), connect({ lastEventId: '0' }, stopping)]);
    await until(() => open.every(({ text }) => text !== ''), 'the streams to begin');
    await stopping.stop();
    await Promise.all(open.map((client) => client.closed()));
    expect(open[0]!.comments).toContain('this server is closing, come again');
    expect(open[0]!.response.complete).toBe(true);
  });
});
