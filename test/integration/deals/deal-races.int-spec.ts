import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { newId } from '#platform/kernel';
import type { Answer, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

describe('concurrent users', () => {
  let crm: Crm;
  let seller: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
  });
  afterAll(() => crm.stop());

  const atOnce = <T>(count: number, send: (index: number) => Promise<Answer<T>>) =>
    Promise.all(Array.from({ length: count }, (_, index) => send(index)));
  /** Number of answers per status and code. */
  const tally = (answers: readonly Answer<unknown>[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { status, code } of answers) {
      const outcome = code ? `${status} ${code}` : String(status);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
    return counts;
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  it('who read the same deals each see only deals in their scope', async () => {
    const other = crm.user('seller');
    const [mine, his] = await Promise.all([crm.deal(seller), crm.deal(other)]);
    const askers = [seller, other, crm.user('lead'), crm.user('executor')];
    const answers = await atOnce(80, (index) =>
      askers[index % 4]!.get<DealView>(`/deals/${(index % 8 < 4 ? mine : his).id}`),
    );
    const seen = answers.map(({ status, body }) => (status === 200 ? body.id : status));
    const expected = [mine.id, 404, mine.id, 404, 404, his.id, his.id, 404];
    expect(seen).toEqual(answers.map((_, index) => expected[index % 8]));
  });

  it('who open deals each get an own deal or an own refusal', async () => {
    const stranger = crm.user('seller');
    const client = await crm.client(seller);
    const openers = [seller, stranger, crm.user('lead')];
    const answers = await atOnce(60, (index) =>
      openers[index % 3]!.post<DealView>('/deals', {
        client_id: index % 5 === 4 ? newId() : client.id,
        title: `deal ${index}`,
        next_review_at: '2026-03-10',
      }),
    );
    const outcomes = answers.map(({ status, code }) => code ?? status);
    expect(outcomes).toEqual(
      answers.map((_, index) => (index % 3 === 1 || index % 5 === 4 ? 'client_not_found' : 201)),
    );
    const opened = answers.flatMap(({ status, body }) => (status === 201 ? [body] : []));
    expect(opened.map(({ title }) => title)).toEqual(
      answers.flatMap(({ status }, index) => (status === 201 ? [`deal ${index}`] : [])),
    );
    expect(opened.map(({ owner_id }) => owner_id)).toEqual(
      answers.flatMap(({ status }, index) => (status === 201 ? [index % 3 === 0 ? seller.id : null] : [])),
    );
    for (const deal of opened) {
      const events = await crm.events(`deals/${deal.id}`);
      expect(events).toMatchObject([{ type: 'deal.created', stream_version: 1, data: { deal } }]);
      expect(await crm.journal(deal.id)).toMatchObject([{ seq: 1, data: { before: null, after: deal } }]);
      expect(await openers[2]!.get(`/deals/${deal.id}/journal/verify`)).toMatchObject({
        body: { valid: true, entries: 1 },
      });
    }
    const stored = await crm.database.rows('SELECT FROM crm.deals WHERE client_id = $1', [client.id]);
    expect(stored).toHaveLength(opened.length);
  });

  it('who open deals at the same moment share transactions', async () => {
    const client = await crm.client(seller);
    const answers = await atOnce(30, (index) =>
      seller.post<DealView>('/deals', { client_id: client.id, title: `deal ${index}`, next_review_at: '2026-03-10' }),
    );
    expect(tally(answers)).toEqual({ '201': 30 });
    const [row] = await crm.database.rows<{ transactions: number }>(
      'SELECT count(DISTINCT xmin::text)::int AS transactions FROM crm.deals WHERE client_id = $1',
      [client.id],
    );
    expect(row!.transactions).toBeLessThan(30);
  });

  it('who change one deal with one version: exactly one succeeds', async () => {
    const deal = await crm.deal(seller);
    const answers = await atOnce(50, (index) =>
      seller.patch(`/deals/${deal.id}`, { title: `title ${index}` }, { 'if-match': '"1"' }),
    );
    expect(tally(answers)).toEqual({ '200': 1, '412 version_mismatch': 49 });
    const winner = answers.find(({ status }) => status === 200)!;
    expect((await seller.get(`/deals/${deal.id}`)).body).toEqual(winner.body);
    const events = await crm.events(`deals/${deal.id}`);
    expect(events.map(({ type }) => type)).toEqual(['deal.created', 'deal.updated']);
    expect(events[1]!.data).toMatchObject({ deal: winner.body });
    expect(await crm.journal(deal.id)).toHaveLength(2);
  });

  it('who change one deal with any version: each gets an own version or a refusal', async () => {
    const deal = await crm.deal(seller);
    const answers = await atOnce(50, (index) =>
      seller.patch<DealView>(`/deals/${deal.id}`, { title: `title ${index}` }),
    );
    const { '200': won = 0, '409 edit_conflict': lost = 0, ...others } = tally(answers);
    expect(others).toEqual({});
    expect(won).toBeGreaterThan(0);
    expect(won + lost).toBe(50);
    const versions = answers.flatMap(({ status, body }) => (status === 200 ? [body.version] : []));
    expect(versions.sort((a, b) => a - b)).toEqual(upTo(won).map((count) => count + 1));
    const events = await crm.events(`deals/${deal.id}`);
    expect(events.map(({ stream_version }) => stream_version)).toEqual(upTo(won + 1));
    expect(events.map(({ data }) => (data.deal as DealView).version)).toEqual(upTo(won + 1));
    expect((await crm.journal(deal.id)).map(({ seq }) => seq)).toEqual(upTo(won + 1));
    expect(await seller.get(`/deals/${deal.id}/journal/verify`)).toMatchObject({ body: { valid: true } });
  });

  it('who close, change and delete one deal produce a serial history', async () => {
    const deal = await crm.deal(seller);
    const path = `/deals/${deal.id}`;
    const acts = [
      () => seller.patch<DealView>(`${path}/stage`, { stage: 'closedWon' }),
      () => seller.patch<DealView>(path, { title: newId() }),
      () => seller.delete<DealView>(path),
    ];
    const answers = await atOnce(45, (index) => acts[index % 3]!());
    const allowed = /^(200|204|404 deal_not_found|409 (deal_closed|edit_conflict))$/;
    expect(Object.keys(tally(answers)).filter((outcome) => !allowed.test(outcome))).toEqual([]);
    const won = answers.filter(({ status }) => status < 300).length;
    const types = (await crm.events(`deals/${deal.id}`)).map(({ type }) => type);
    expect(won).toBeGreaterThan(0);
    expect(types.filter((type) => type === 'deal.updated')).toHaveLength(won);
    // A closed deal can't be deleted: at most one of both events, and as the last one.
    const ends = types.filter((type) => type === 'deal.deleted' || type === 'deal.stage_changed');
    expect(ends.length).toBeLessThanOrEqual(1);
    expect(types.slice(types.length - 2 * ends.length)).toEqual(ends.flatMap((type) => [type, 'deal.updated']));
    expect(await crm.journal(deal.id)).toHaveLength(won + 1);
  });

  it('who send one request with one Idempotency-Key open one deal', async () => {
    const { id: client_id } = await crm.client(seller);
    const body = { client_id, title: 'КАСКО', next_review_at: '2026-03-10' };
    const headers = { 'idempotency-key': newId() };
    const answers = await atOnce(100, () => seller.post<DealView>('/deals', body, headers));
    const { '201': given = 0, '409 idempotency_in_progress': waiting = 0, ...others } = tally(answers);
    expect(others).toEqual({});
    expect(given + waiting).toBe(100);
    expect(new Set(answers.flatMap(({ status, body: deal }) => (status === 201 ? [deal.id] : []))).size).toBe(1);
    expect(answers.filter(({ status, headers: h }) => status === 201 && !h['idempotency-replayed'])).toHaveLength(1);
    const rows = await crm.database.rows('SELECT id FROM crm.deals WHERE client_id = $1', [client_id]);
    expect(rows).toHaveLength(1);
    expect(await seller.post('/deals', body, headers)).toMatchObject({
      status: 201,
      headers: { 'idempotency-replayed': 'true' },
    });
  });

  it('who delete a client and open a deal for it never produce a deal of a deleted client', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 30; round++) {
      const { id } = await crm.client(seller);
      const [removed, opened] = await Promise.all([
        seller.delete<ClientView>(`/clients/${id}`),
        seller.post<DealView>('/deals', { client_id: id, title: 'КАСКО', next_review_at: '2026-03-10' }),
      ]);
      outcomes.push(`${removed.status} ${removed.code ?? ''} / ${opened.status} ${opened.code ?? ''}`);
    }
    const possible = ['204  / 404 client_not_found', '409 client_has_deals / 201 '];
    expect(outcomes.filter((outcome) => !possible.includes(outcome))).toEqual([]);
    const orphans = await crm.database.rows(
      'SELECT d.id FROM crm.deals d JOIN crm.clients c ON c.id = d.client_id WHERE c.is_deleted AND NOT d.is_deleted',
    );
    expect(orphans).toEqual([]);
  });
});
