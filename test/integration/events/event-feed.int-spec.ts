import { request } from 'node:http';
import { connect } from 'node:net';
import { newId } from '#platform/kernel';
import { type TestUser, until } from '#platform/testing';
import { FeedHarness, type FeedBody } from './feed-harness.js';
import { numbered, range } from '../streams/stream-events.js';

const FEED = '/events';
/** The longest that a client may ask to wait, in seconds. */
const WAIT_S = 30;

describe('the event feed', () => {
  let harness: FeedHarness;
  let service: TestUser;
  const others: FeedHarness[] = [];

  beforeAll(async () => {
    harness = await FeedHarness.begin();
    service = harness.user('service');
  });
  afterAll(async () => {
    await Promise.all([harness, ...others].map((one) => one.end()));
  });

  async function another(): Promise<FeedHarness> {
    const other = await FeedHarness.begin();
    others.push(other);
    return other;
  }

  const read = async (query: string) => (await service.get<FeedBody>(`${FEED}?${query}`)).body;
  const positionsOf = ({ items }: FeedBody) => items.map(({ position }) => Number(position));

  it('returns every event once, in order, when next_after is passed as after', async () => {
    const begin = await harness.database.lastPosition();
    const [one, two] = [newId(), newId()];
    const end = await harness.database.appendSequenced([...numbered(one, 1, 60), ...numbered(two, 1, 60)]);
    const seen: number[] = [];
    let page = await read(`after=${begin}&limit=50`);
    for (; ; page = await read(`after=${page.next_after}&limit=50`)) {
      seen.push(...positionsOf(page));
      expect(page.next_after).toBe(String(seen.at(-1)));
      if (!page.has_more) break;
    }
    expect(seen).toEqual(range(begin + 1, end));
    expect(await read(`after=${end}`)).toEqual({ items: [], next_after: String(end), has_more: false });
  });

  it('begins with the oldest event without a position', async () => {
    await harness.database.appendSequenced(numbered(newId(), 1, 1));
    expect(positionsOf(await read('limit=1'))).toEqual([1]);
  });

  it('returns the requested types and deals, and the position up to which it has read', async () => {
    const begin = await harness.database.lastPosition();
    const deal = newId();
    const of = (type: string, dealId = deal) => numbered(dealId, 1, 1, { type });
    const end = await harness.database.appendSequenced([
      ...['deal.created', 'deal.payment.updated', 'deal.payment.income.created'].flatMap((type) => of(type)),
      ...of('deal.payment.updated', newId()),
      { type: 'client.created' },
    ]);
    const typesOf = async (query: string) => {
      const page = await read(`after=${begin}&${query}`);
      expect(page).toMatchObject({ next_after: String(end), has_more: false });
      return page.items.map(({ type }) => type).sort();
    };
    expect(await typesOf('types=deal.payment.*')).toEqual(['crm.deal.payment.updated', 'crm.deal.payment.updated']);
    expect(await typesOf(`types=deal.payment.%23&deal_id=${deal}`)).toEqual([
      'crm.deal.payment.income.created',
      'crm.deal.payment.updated',
    ]);
    expect(await typesOf('types=client.*,deal.created')).toEqual(['crm.client.created', 'crm.deal.created']);
    expect(await typesOf(`deal_id=${newId()}`)).toEqual([]);
  });

  it('reads a limited part of a long log per request', async () => {
    const other = await another();
    await other.fill(120_000);
    const asked = other.user('admin');
    const page = async (query: string) => (await asked.get<FeedBody>(`${FEED}?types=deal.rare&${query}`)).body;
    const first = await page('after=0');
    expect(first).toEqual({ items: [], next_after: '100000', has_more: true });
    expect(await page(`after=${first.next_after}`)).toEqual({ items: [], next_after: '120000', has_more: false });
  });

  it.each([
    ['a position that is none', 'after=soon', 422, 'validation_failed'],
    ['a negative position', 'after=-1', 422, 'validation_failed'],
    ['a position past every number', 'after=9999999999999999999', 422, 'validation_failed'],
    ['a position in the future', 'after=999999999', 409, 'position_in_future'],
    ['a pattern that is none', 'types=Deal', 422, 'validation_failed'],
    ['a wait too long', 'wait=31', 422, 'validation_failed'],
    ['an unknown bookmark', 'bookmark=unknown', 404, 'bookmark_not_found'],
    ['two positions', 'bookmark=unknown&after=1', 422, 'validation_failed'],
    ['an unknown parameter', 'cursor=1', 422, 'validation_failed'],
  ])('refuses %s', async (_what, query, status, code) => {
    expect(await service.get(`${FEED}?${query}`)).toMatchObject({ status, code });
  });

  it('names the oldest event when the requested ones are deleted', async () => {
    const other = await another();
    await other.database.appendSequenced(numbered(newId(), 1, 20));
    await other.database.forgetUpTo(10);
    const asked = other.user('admin');
    expect(await asked.get(`${FEED}?after=9`)).toMatchObject({
      status: 410,
      code: 'position_gone',
      body: { oldest_position: '11' },
    });
    for (const query of ['after=10', '']) {
      expect(positionsOf((await asked.get<FeedBody>(`${FEED}?${query}`)).body)).toEqual(range(11, 20));
    }
  });

  describe('with a waiting client', () => {
    /** Runs `work`, which must end before the waiting time of the clients is over. */
    async function soon<T>(work: Promise<T>): Promise<T> {
      let done: { readonly value: T } | undefined;
      void work.then((value) => (done = { value }));
      return (await until(() => done, (WAIT_S * 1_000) / 2)).value;
    }

    it('answers as soon as the first requested event exists', async () => {
      const begin = await harness.database.lastPosition();
      const deal = newId();
      const answer = read(`after=${begin}&wait=${WAIT_S}&types=deal.created&deal_id=${deal}`);
      await harness.waiters(1);
      await harness.database.appendSequenced([{ type: 'deal.created', dealId: newId() }, ...numbered(deal, 1, 3)]);
      const end = await harness.database.appendSequenced([{ type: 'deal.created', dealId: deal }]);
      expect(positionsOf(await soon(answer))).toEqual([end]);
    });

    it('answers at once when events exist', async () => {
      await harness.database.appendSequenced(numbered(newId(), 1, 1));
      expect((await soon(read(`wait=${WAIT_S}&limit=1`))).items).toHaveLength(1);
    });

    it('answers without events after the waiting time, with the position up to which it has read', async () => {
      const begin = await harness.database.lastPosition();
      const answer = read(`after=${begin}&wait=1&types=deal.created`);
      await harness.waiters(1);
      const end = await harness.database.appendSequenced(numbered(newId(), 1, 5));
      expect(await answer).toEqual({ items: [], next_after: String(end), has_more: false });
    });

    it('limits the waiting requests per user', async () => {
      const limited = await FeedHarness.begin({ CRM_LONG_POLLS_PER_USER: '2' });
      const [one, two] = [limited.user('service'), limited.user('service')];
      const path = `/events?wait=${WAIT_S}`;
      const waiting = [one.get(path), one.get(path)];
      await limited.waiters(2);
      const refused = await one.get(path);
      expect(refused).toMatchObject({ status: 429, code: 'too_many_polls', headers: { 'retry-after': '1' } });
      expect(await one.get('/events')).toMatchObject({ status: 200 });
      waiting.push(two.get(path));
      await limited.waiters(3);
      await limited.database.appendSequenced(numbered(newId(), 1, 1));
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await one.get(`${path}&after=0`)).toMatchObject({ status: 200 });
      await limited.end();
    });

    it('stops waiting when the client disconnects', async () => {
      const begin = await harness.database.lastPosition();
      const url = `${harness.url}/api/v1/events?after=${begin}&wait=${WAIT_S}`;
      const call = request(url, { headers: service.authorization });
      call.on('error', () => undefined).end();
      await harness.waiters(1);
      call.destroy();
      await harness.waiters(0);
    });

    it('releases the slots of pipelined requests when their connection is closed', async () => {
      const limited = await FeedHarness.begin({ CRM_LONG_POLLS_PER_USER: '2' });
      const one = limited.user('service');
      const { hostname, port } = new URL(limited.url);
      const socket = connect(Number(port), hostname);
      const path = `/events?wait=${WAIT_S}`;
      const headers = `Host: crm\r\nAuthorization: ${one.authorization.authorization}\r\n`;
      socket.write(`GET /api/v1${path} HTTP/1.1\r\n${headers}\r\n`.repeat(2));
      await limited.waiters(2);
      expect(await one.get(path)).toMatchObject({ status: 429, code: 'too_many_polls' });
      socket.destroy();
      await soon(limited.waiters(0));
      const again = [one.get(path), one.get(path)];
      await limited.waiters(2);
      await limited.database.appendSequenced(numbered(newId(), 1, 1));
      expect((await Promise.all(again)).map(({ status }) => status)).toEqual([200, 200]);
      await limited.end();
    });

    it('answers all waiting clients when the process stops', async () => {
      const other = await FeedHarness.begin();
      const end = await other.database.appendSequenced(numbered(newId(), 1, 3));
      const url = `${other.url}/api/v1/events?after=${end}&wait=${WAIT_S}`;
      const answers = range(1, 5).map(() => fetch(url, { headers: other.user('service').authorization }));
      await other.waiters(5);
      await soon(other.stop());
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(200);
        expect(await answer.json()).toEqual({ items: [], next_after: String(end), has_more: false });
      }
      await other.database.drop();
    });

    it('does not miss an event between reading and waiting', async () => {
      for (let round = 0; round < 30; round++) {
        const begin = await harness.database.lastPosition();
        const [answer] = await Promise.all([
          soon(read(`after=${begin}&wait=${WAIT_S}`)),
          harness.database.append(numbered(newId(), 1, 1)),
        ]);
        expect(positionsOf(answer)).toEqual([begin + 1]);
        await until(async () => (await harness.database.lastPosition()) === begin + 1);
      }
    });
  });
});
