import type { INestApplicationContext } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { DealView } from '#crm/deals/contracts';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { accessToken, startTestModule, testEnvironment, type TestUser, until } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { addPolicy, addQuote } from '../../support/sale.js';
import { Gateway, GatewayStream } from './gateway.js';

describe('the gateway of an existing installation', () => {
  let crm: Crm;
  let url: string;
  let gateway: Gateway;
  let seller: TestUser;
  let sequencer: INestApplicationContext;

  beforeAll(async () => {
    crm = await Crm.start();
    url = await crm.api.listen();
    gateway = new Gateway(url);
    seller = crm.user('seller');
    sequencer = await startTestModule(testEnvironment({ databaseUrl: crm.database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: false })],
    });
  });
  afterAll(async () => {
    await sequencer.close();
    await crm.stop();
  });

  const forward = <T>(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>) =>
    gateway.forward<T>(method, path, {
      authorization: seller.authorization.authorization!,
      ...(body && { body }),
      ...(headers && { headers }),
    });

  it('filters by repeated parameters, by one value, and by text with spaces', async () => {
    const [first, second] = [await crm.deal(seller), await crm.dealAt(seller, 'proposal')];
    await crm.dealAt(seller, 'closedLost');
    const third = await crm.deal(seller, { title: 'Дом, дача & гараж [2]' });
    const found = async (query: string) => {
      const answer = await forward<{ items: { id: string }[] }>('GET', `/deals?${query}`);
      expect(answer).toMatchObject({ status: 200 });
      return answer.body.items.map(({ id }) => id).sort();
    };
    const both = 'stage=qualification&stage=proposal';
    expect(await found(both)).toEqual([first.id, second.id, third.id].sort());
    expect(await found('stage=proposal')).toEqual([second.id]);
    expect(await found(`${both}&manager=${seller.id}&manager=__NO_MANAGER__`)).toHaveLength(3);
    const search = new URLSearchParams({ search: third.title });
    expect(await found(`${both}&${search.toString()}`)).toEqual([third.id]);
  });

  it('returns a resource in camel case, takes its members back, and passes its version', async () => {
    const created = await forward<{ clientId: string; nextReviewAt: string; id: string }>('POST', '/deals', {
      clientId: (await crm.client(seller)).id,
      title: 'КАСКО',
      nextReviewAt: '2026-04-01',
    });
    expect(created).toMatchObject({ status: 201, headers: { etag: '"1"' }, body: { nextReviewAt: '2026-04-01' } });
    const path = `/deals/${created.body.id}`;
    const { title, description, nextReviewAt, ownerId, executorId, status, stage } = (
      await forward<Record<string, unknown>>('GET', path)
    ).body;
    const sent = { title, description, nextReviewAt, ownerId, executorId, status, stage };
    const same = await forward('PATCH', path, sent, { 'if-match': '"1"' });
    expect(same).toMatchObject({ status: 200, headers: { etag: '"1"' } });
    const changed = await forward('PATCH', path, { ...sent, nextReviewAt: '2026-05-01' }, { 'if-match': '"1"' });
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { nextReviewAt: '2026-05-01' } });
    const late = await forward('PATCH', path, sent, { 'if-match': '"1"' });
    expect(late).toMatchObject({ status: 412, code: 'version_mismatch', body: { traceId: expect.any(String) } });
  });

  it('deletes every kind of resource with a JSON body', async () => {
    const deal = await crm.deal(seller);
    const quote = await addQuote(seller, deal);
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const payment = await addPayment(seller, deal);
    const line = { amount: '10.00', category: 'premium', posted_at: '2026-01-10' };
    const [income, expense] = [
      await addLine(seller, payment, 'incomes', line),
      await addLine(seller, payment, 'expenses', line),
    ];
    const documentId = newId();
    const documents = `/deals/${deal.id}/documents`;
    expect(await seller.post(documents, { document_id: documentId })).toMatchObject({ status: 201 });
    for (const path of [
      `${documents}/${documentId}`,
      `${pathOf(payment)}/incomes/${income.id}`,
      `${pathOf(payment)}/expenses/${expense.id}`,
      pathOf(payment),
      `/policies/${policy.id}`,
      `/deals/${deal.id}/quotes/${quote.id}`,
      `/deals/${deal.id}`,
      `/clients/${deal.client_id}`,
    ]) {
      expect([path, (await forward('DELETE', path)).status]).toEqual([path, 204]);
      expect([path, (await forward('DELETE', path)).status]).toEqual([path, 404]);
    }
  });

  describe('relays the stream', () => {
    const redis = new Redis({
      host: process.env.CRM_TEST_REDIS_HOST!,
      port: Number(process.env.CRM_TEST_REDIS_PORT),
      db: 12,
      lazyConnect: true,
    });
    let key: string;
    const open: GatewayStream[] = [];

    beforeEach(() => {
      key = `gateway:sse:crm:${newId()}:last-event-id`;
    });
    afterEach(async () => {
      await Promise.all(open.splice(0).map((stream) => stream.close()));
      await redis.del(key);
    });
    afterAll(() => redis.quit());

    /** Resolves when the stream is live. */
    async function connected(): Promise<GatewayStream> {
      const token = accessToken({ userId: newId(), roles: ['service'] });
      const stream = new GatewayStream(`${url}/streams/deals?access_token=${token}`, redis, key);
      open.push(stream);
      await until(() => stream.resumedAfter.length > 0);
      return stream;
    }
    const titles = ({ events }: GatewayStream) =>
      events
        .filter(({ event }) => event === 'deal.created')
        .map(({ data }) => (data.data as { deal: DealView }).deal.title);
    const opened = async (...names: readonly string[]) => {
      for (const title of names) await crm.deal(seller, { title });
    };

    it('with a service token in the URL, and resumes after the id in Redis without loss or repetition', async () => {
      const stream = await connected();
      await opened('1', '2');
      await until(() => titles(stream).length === 2);
      await stream.interrupt(() => opened('3', '4', '5'));
      await until(() => titles(stream).length >= 5);
      await opened('6');
      await until(() => titles(stream).length >= 6);
      expect(titles(stream)).toEqual(['1', '2', '3', '4', '5', '6']);
      expect(stream.resumedAfter).toEqual([undefined, expect.stringMatching(/^\d+$/)]);
    });

    it('to a second client from the id that the first one stored', async () => {
      const first = await connected();
      await opened('7');
      await until(() => titles(first).length === 1);
      const second = await connected();
      expect(second.resumedAfter).toEqual([await redis.get(key)]);
      await opened('8');
      await until(() => titles(second).length === 1);
      expect([titles(first), titles(second)]).toEqual([['7', '8'], ['8']]);
    });

    it('from the present on when the id has expired in Redis', async () => {
      const stream = await connected();
      await opened('9');
      await until(() => titles(stream).length === 1);
      await stream.interrupt(async () => {
        await redis.del(key);
        await opened('10');
      });
      await until(() => stream.resumedAfter.length === 2);
      await opened('11');
      await until(() => titles(stream).includes('11'));
      expect(titles(stream)).toEqual(['9', '11']);
      expect(stream.events.map(({ event }) => event)).not.toContain('reset');
    });

    it('with a reset, then live, when the id is of another database', async () => {
      await redis.set(key, '999999999');
      const stream = await connected();
      await until(() => stream.events.some(({ event }) => event === 'reset'));
      await opened('12');
      await until(() => titles(stream).length === 1);
      expect(titles(stream)).toEqual(['12']);
    });

    it('and stops when the service token is refused', async () => {
      const answer = await fetch(
        `${url}/streams/deals?access_token=${accessToken({ userId: newId(), roles: [], expiresAt: 1 })}`,
      );
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'token_expired' });
    });
  });
});
