import { newId } from '#platform/kernel';
import { accessToken, until } from '#platform/testing';
import { DatabaseLine } from '../database/database-line.js';
import type { StreamApplication } from './stream-application.js';
import type { ReceivedFrame, StreamOptions } from './stream-client.js';
import { type AppendedEvent, type EventDatabase, numbered, range } from './stream-events.js';
import { StreamHarness } from './stream-harness.js';

const RING_FRAMES = 5_000;
const LEAD = accessToken({ userId: newId(), roles: ['ROLE_TEAM_LEAD'] });

let harness: StreamHarness;
let database: EventDatabase;
let api: StreamApplication;

const connect: StreamHarness['connect'] = (...parameters) => harness.connect(...parameters);

beforeAll(async () => {
  harness = await StreamHarness.begin();
  ({ database, api } = harness);
}, 60_000);
afterEach(() => harness.rest());
afterAll(() => harness.end());

describe('resumption of a stream', () => {
  it.each<[string, (id: string) => StreamOptions]>([
    ['the header', (id) => ({ lastEventId: id })],
    ['the query', (id) => ({ query: `last_event_id=${id}` })],
    ['the query in camel case', (id) => ({ query: `lastEventId=${id}` })],
    ['the header, whatever the query says', (id) => ({ lastEventId: id, query: 'last_event_id=nonsense' })],
  ])('continues after the id in %s', async (_, options) => {
    const dealId = newId();
    const start = await database.lastPosition();
    await database.appendSequenced(numbered(dealId, 1, 5));

    const client = await connect(options(String(start + 2)));
    await client.received(3);
    await database.append(numbered(dealId, 6, 7));
    await client.received(5);

    expect(client.numbers).toEqual([3, 4, 5, 6, 7]);
    expect(client.frames.map(({ id }) => Number(id))).toEqual(range(start + 3, start + 7));
  });

  it('begins with new events for an empty id', async () => {
    await database.appendSequenced(numbered(newId(), 1, 1));
    const dealId = newId();
    const client = await connect({ lastEventId: '', query: `last_event_id=&deal_id=${dealId}` });
    await database.append(numbered(dealId, 1, 1));
    await client.received(1);
    expect(client.numbers).toEqual([1]);
  });

  it('reads the log for events that are not in memory: older ones, and in a new process', async () => {
    const dealId = newId();
    const count = RING_FRAMES + 1_200;
    const start = await database.lastPosition();
    await database.appendSequenced(numbered(dealId, 1, count));
    const fresh = await harness.another();

    for (const application of [api, fresh]) {
      const client = await connect({ lastEventId: String(start) }, application);
      await client.received(count);
      expect(client.numbers).toEqual(range(1, count));
    }
  });

  it('neither loses nor repeats events while writers continue and clients reconnect', async () => {
    const dealIds = range(1, 4).map(() => newId());
    const [first] = dealIds as [string];
    const seller = newId();
    const perDeal = 400;
    const isForSeller = (n: number): boolean => (n - 1) % 8 < 4;
    const start = String(await database.lastPosition());
    const writing = Promise.all(
      dealIds.map(async (dealId) => {
        for (let n = 1; n <= perDeal; n += 4) {
          await database.append(numbered(dealId, n, n + 3, { audience: isForSeller(n) ? [seller] : [] }));
        }
      }),
    );

    /** Reconnects with the last id after every few frames, until all are received. */
    const follow = async (options: StreamOptions, count: number): Promise<ReceivedFrame[]> => {
      const all: ReceivedFrame[] = [];
      for (let lastEventId = start; all.length < count; lastEventId = all.at(-1)!.id) {
        const client = await connect({ ...options, lastEventId });
        await client.received(Math.min(1 + ((all.length * 7) % 40), count - all.length));
        client.close();
        all.push(...client.frames);
      }
      return all;
    };
    const [all, ofDeals, ofSeller, ofOne] = await Promise.all([
      follow({}, perDeal * dealIds.length),
      follow({ query: dealIds.map((id) => `deal_id=${id}`).join('&') }, perDeal * dealIds.length),
      follow(
        { token: accessToken({ userId: seller, roles: ['agent'] }) },
        range(1, perDeal).filter(isForSeller).length * dealIds.length,
      ),
      follow({ query: `deal_id=${first}` }, perDeal),
    ]);
    await writing;

    const numbersOf = (frames: ReceivedFrame[], dealId: string): number[] =>
      frames.filter(({ data }) => data.deal_id === dealId).map(({ data }) => (data.data as { n: number }).n);
    for (const frames of [all, ofDeals, ofSeller, ofOne]) {
      const ids = frames.map(({ id }) => Number(id));
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    }
    for (const dealId of dealIds) {
      expect(numbersOf(all, dealId)).toEqual(range(1, perDeal));
      expect(numbersOf(ofDeals, dealId)).toEqual(range(1, perDeal));
      expect(numbersOf(ofSeller, dealId)).toEqual(range(1, perDeal).filter(isForSeller));
    }
    expect(numbersOf(ofOne, first)).toEqual(range(1, perDeal));
  });

  it.each([
    ['is no id of ours', 'b5f4a1', 'unknown_id'],
    ['is not in our spelling', '007', 'unknown_id'],
    ['lies in the future', '8999999999999999999', 'id_in_the_future'],
    ['is greater than any there can be', '9999999999999999999', 'id_in_the_future'],
    ['has more digits than any there can be', '9'.repeat(40), 'id_in_the_future'],
  ])('reports when the id %s, and continues with new events', async (_, id, reason) => {
    const dealId = newId();
    const client = await connect({ lastEventId: id, query: `deal_id=${dealId}` });
    const [reset] = await client.received(1);
    expect(reset).toMatchObject({ event: 'reset', data: { reason, position: reset!.id } });
    await database.append(numbered(dealId, 1, 1));
    const [, frame] = await client.received(2);
    expect(frame).toMatchObject({ event: 'deal.updated', data: { deal_id: dealId } });
    expect(Number(frame!.id)).toBeGreaterThan(Number(reset!.id));
  });

  it('reports when the events after the id are deleted', async () => {
    const dealId = newId();
    const start = await database.lastPosition();
    const last = await database.appendSequenced(numbered(dealId, 1, 3));
    await database.forgetUpTo(start + 2);
    // Another process has no events in memory.
    const other = await harness.another();

    const late = await connect({ lastEventId: String(start + 1) }, other);
    const [reset] = await late.received(1);
    expect(reset).toMatchObject({ id: String(last), event: 'reset', data: { reason: 'id_past_retention' } });
    const inTime = await connect({ lastEventId: String(start + 2) }, other);
    await inTime.received(1);
    expect(inTime.numbers).toEqual([3]);

    await database.append(numbered(dealId, 4, 4));
    await late.received(2);
    expect(late.numbers).toEqual([4]);
  });

  it('stays connected during an outage of the database, and loses no event', async () => {
    const dealId = newId();
    const query = `deal_id=${dealId}`;
    const start = await database.lastPosition();
    const line = await DatabaseLine.to(database.url);
    const old = await harness.another({}, line.url);
    await database.appendSequenced(numbered(dealId, 1, 300));
    const fresh = await harness.another({}, line.url);
    const live = await connect({ query, lastEventId: String(start) }, old);
    await live.received(300);

    line.close();
    await database.append(numbered(dealId, 301, 310));
    const returning = await connect({ query, lastEventId: String(start) }, fresh);
    for (const client of [live, returning]) await client.beats();
    expect(returning.frames).toEqual([]);
    line.open();

    for (const client of [live, returning]) {
      await client.received(310);
      expect(client.numbers).toEqual(range(1, 310));
    }
  });
});

describe('slow and lost clients', () => {
  /** 60 KB each; the buffers of the sockets, up to 36 MB, are not part of the backlog. */
  const heavy = (dealId: string, from: number, to: number): AppendedEvent[] =>
    numbered(dealId, from, to, { data: { filling: 'x'.repeat(60_000) } });

  it('are disconnected when they do not read, and resume by their last id', async () => {
    const dealId = newId();
    const query = `deal_id=${dealId}`;
    // With few heartbeats, only the backlog can close the stream.
    const patient = await harness.another({ CRM_SSE_HEARTBEAT_MS: '60000' });
    const hanging = await connect({ query }, patient);
    await hanging.reached(0);
    hanging.pause();

    let count = 0;
    await until(async () => {
      await database.appendSequenced(heavy(dealId, count + 1, (count += 50)));
      return (await patient.cuts()) > 0;
    }, 60_000);
    hanging.resume();
    await hanging.closed();
    expect(hanging.numbers.length).toBeLessThan(count);

    const back = await connect({ query, lastEventId: hanging.lastEventId }, patient);
    await back.received(count - hanging.frames.length);
    expect([...hanging.numbers, ...back.numbers]).toEqual(range(1, count));
  });

  it('are not disconnected while they read, in any burst', async () => {
    const dealId = newId();
    const before = await api.cuts();
    const client = await connect({ query: `deal_id=${dealId}` });
    await database.appendSequenced(heavy(dealId, 1, 200));
    await client.received(200);
    expect(client.numbers).toEqual(range(1, 200));
    expect(await api.cuts()).toBe(before);
  });

  it('are disconnected when they hang in their replay', async () => {
    const dealId = newId();
    const start = await database.lastPosition();
    for (let n = 1; n <= 1_000; n += 100) await database.appendSequenced(heavy(dealId, n, n + 99));
    const before = await api.cuts();
    const client = await connect({ query: `deal_id=${dealId}`, lastEventId: String(start) });
    client.pause();
    await until(async () => (await api.cuts()) > before);
  });

  it('leave no resources behind, at any time of their disconnection', async () => {
    const going = range(1, 200).map(async (index) => {
      const client = await connect({ ...(index % 2 === 0 && { lastEventId: '0' }) });
      client.close();
    });
    const aborted = range(1, 200).map(async () => {
      const leaving = new AbortController();
      const { signal } = leaving;
      const answer = fetch(`http://127.0.0.1:${api.port}/streams?access_token=${LEAD}`, { signal });
      setImmediate(() => leaving.abort());
      await answer.catch(() => undefined);
    });
    await Promise.all([...going, ...aborted]);
    await until(async () => (await api.metric('crm_sse_connections')) === 0, 60_000);
  });
});

describe('the stop of a process', () => {
  it('ends its streams cleanly and does not wait for them', async () => {
    const stopping = await harness.another();
    const open = await Promise.all([connect({}, stopping), connect({ lastEventId: '0' }, stopping)]);
    await until(() => open.every(({ text }) => text !== ''));
    await stopping.stop();
    await Promise.all(open.map((client) => client.closed()));
    expect(open[0].comments).toContain('this server is shutting down; reconnect');
    expect(open[0].response.complete).toBe(true);
  });
});
