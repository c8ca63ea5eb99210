import type { DealView } from '#crm/deals/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

describe('a request about a deal', () => {
  let crm: Crm;
  let seller: TestUser;
  let clientId: string;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    clientId = (await crm.client(seller)).id;
  });
  afterAll(() => crm.stop());

  const open = () => crm.deal(seller, { client_id: clientId });
  const body = (title = 'КАСКО') => ({ client_id: clientId, title, next_review_at: '2026-03-10' });
  const versions = async ({ id }: DealView) =>
    (await crm.events(`deals/${id}`)).map(({ stream_version }) => stream_version);

  it.each<[string, (path: string, headers: Record<string, string>) => Promise<{ status: number }>]>([
    ['PATCH', (path, headers) => seller.patch(path, { title: 'new' }, headers)],
    ['PATCH stage', (path, headers) => seller.patch(`${path}/stage`, { stage: 'proposal' }, headers)],
    ['DELETE', (path, headers) => seller.delete(path, headers)],
    ['PATCH is_deleted', (path, headers) => seller.patch(path, { is_deleted: true }, headers)],
  ])('to change it (%s) succeeds only for the current version', async (_method, change) => {
    const deal = await open();
    await seller.patch(`/deals/${deal.id}`, { title: 'newer' });
    for (const tag of ['"1"', '"3"', 'W/"1"', '"1-gzip"', '"1", "3"', '"two"', '""']) {
      const answer = await change(`/deals/${deal.id}`, { 'if-match': tag });
      expect({ tag, ...answer }).toMatchObject({ tag, status: 412, code: 'version_mismatch' });
    }
    expect(await change(`/deals/${deal.id}`, { 'if-match': '2' })).toMatchObject({ code: 'malformed_if_match' });
    expect(await versions(deal)).toEqual([1, 2]);
    expect((await change(`/deals/${deal.id}`, { 'if-match': '"1", "2"' })).status).toBeLessThan(300);
  });

  it.each(['W/"1"', '"1-gzip"', 'W/"1-gzip"', '"1;gzip"', 'W/"7", W/"1"'])(
    'to change it accepts the ETag of a compressing proxy: %s',
    async (tag) => {
      const { id } = await open();
      const changed = await seller.patch(`/deals/${id}`, { title: 'new' }, { 'if-match': tag });
      expect(changed).toMatchObject({ status: 200, body: { title: 'new', version: 2 } });
      const unchanged = await seller.get(`/deals/${id}`, { 'if-none-match': tag.replaceAll('1', '2') });
      expect(unchanged).toMatchObject({ status: 304 });
    },
  );

  it('to assign it succeeds only for the current version', async () => {
    const lead = crm.user('lead');
    const { id } = await open();
    const assign = (tag: string) => lead.patch(`/deals/${id}/assignment`, { owner_id: lead.id }, { 'if-match': tag });
    expect(await assign('"2"')).toMatchObject({ status: 412, code: 'version_mismatch' });
    expect(await assign('*')).toMatchObject({ status: 200, headers: { etag: '"2"' } });
  });

  it('with an outdated version is refused before it is checked for changes', async () => {
    const deal = await open();
    const answer = await seller.patch(`/deals/${deal.id}`, { title: deal.title }, { 'if-match': '"7"' });
    expect(answer).toMatchObject({ status: 412 });
  });

  it('with the current ETag is answered 304 without a body', async () => {
    const deal = await open();
    const ask = (tag: string) => seller.get(`/deals/${deal.id}`, { 'if-none-match': tag });
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
      expect(await ask(tag)).toMatchObject({ status: 304, body: undefined, headers: { etag: '"1"' } });
    }
    expect(await ask('"2"')).toMatchObject({ status: 200, body: deal });
    await seller.patch(`/deals/${deal.id}`, { title: 'newer' });
    expect(await ask('"1"')).toMatchObject({ status: 200, headers: { etag: '"2"' } });
  });

  it('to change it must send If-Match if the configuration requires it', async () => {
    const strict = await crm.also({ CRM_REQUIRE_IF_MATCH: 'true' });
    const lead = strict.user('ROLE_TEAM_LEAD');
    const { id } = await open();
    const path = `/deals/${id}`;
    for (const answer of [
      await lead.patch(path, { title: 'new' }),
      await lead.patch(`${path}/stage`, { stage: 'proposal' }),
      await lead.patch(`${path}/assignment`, { owner_id: lead.id }),
      await lead.delete(path),
      await lead.patch(`/clients/${clientId}`, { name: 'new' }),
      await lead.delete(`/clients/${clientId}`),
    ]) {
      expect(answer).toMatchObject({ status: 428, code: 'precondition_required' });
    }
    expect(await lead.patch(path, { title: 'new' }, { 'if-match': '"1"' })).toMatchObject({ status: 200 });
    expect(await lead.post('/deals', body())).toMatchObject({ status: 201 });
    expect(await lead.get(path)).toMatchObject({ status: 200 });
  });

  it('accepts names in camelCase, and refuses a field in both spellings', async () => {
    const answer = await seller.post<DealView>('/deals', {
      clientId,
      title: 'КАСКО',
      nextReviewAt: '2026-03-10',
      executorId: seller.id,
    });
    expect(answer).toMatchObject({ status: 201, body: { client_id: clientId, next_review_at: '2026-03-10' } });
    expect(await seller.post('/deals', { ...body(), clientId })).toMatchObject({ code: 'duplicate_field' });
    const moved = await seller.patch(`/deals/${answer.body.id}`, { nextReviewAt: '2026-03-11' });
    expect(moved.body).toMatchObject({ next_review_at: '2026-03-11' });
  });

  it('accepts a trailing slash without a redirect', async () => {
    const { status, headers, body: deal } = await seller.post<DealView>('/deals/', body());
    expect({ status, location: headers.location }).toEqual({ status: 201, location: `/api/v1/deals/${deal.id}` });
    expect(await seller.patch(`/deals/${deal.id}/`, { title: 'ОСАГО' })).toMatchObject({ status: 200 });
    expect(await seller.patch(`/deals/${deal.id}/stage/`, { stage: 'proposal' })).toMatchObject({ status: 200 });
    expect(await seller.delete(`/deals/${deal.id}/`)).toMatchObject({ status: 204 });
  });

  describe('repeated with its Idempotency-Key', () => {
    const once = (key: string, facts: object = body()) =>
      seller.post<DealView>('/deals', facts, { 'idempotency-key': key });

    it('gets the same response and opens no second deal', async () => {
      const key = newId();
      const first = await once(key);
      const before = await crm.rowCounts();
      const second = await once(key);
      expect(second).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } });
      expect(second.headers).toMatchObject({ etag: first.headers.etag, location: first.headers.location });
      expect(first.headers).not.toHaveProperty('idempotency-replayed');
      expect(await crm.rowCounts()).toEqual(before);
    });

    it('is refused with another body', async () => {
      const key = newId();
      await once(key);
      expect(await once(key, body('ОСАГО'))).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    });

    it('is a new request for another user', async () => {
      const key = newId();
      const { body: deal } = await once(key);
      const other = crm.user('lead');
      const answer = await other.post<DealView>('/deals', body(), { 'idempotency-key': key });
      expect(answer.status).toBe(201);
      expect(answer.body.id).not.toBe(deal.id);
    });

    it('changes a deal once, even when it was changed again meanwhile', async () => {
      const deal = await open();
      const rename = () =>
        seller.patch<DealView>(
          `/deals/${deal.id}`,
          { title: 'first' },
          { 'idempotency-key': 'rename', 'if-match': '"1"' },
        );
      const first = await rename();
      await seller.patch(`/deals/${deal.id}`, { title: 'second' });
      expect(await rename()).toMatchObject({ status: 200, body: first.body });
      expect((await seller.get(`/deals/${deal.id}`)).body).toMatchObject({ title: 'second', version: 3 });
      expect(await versions(deal)).toEqual([1, 2, 3]);
    });

    it('may succeed after a refusal, because refusals are not stored', async () => {
      const deal = await crm.dealAt(seller, 'closedWon', { client_id: clientId });
      const key = { 'idempotency-key': newId() };
      const rename = () => seller.patch(`/deals/${deal.id}`, { title: 'x' }, key);
      expect(await rename()).toMatchObject({ status: 409, code: 'deal_closed' });
      await crm.database.rows(`UPDATE crm.deals SET status = 'proposal', closed_at = NULL WHERE id = $1`, [deal.id]);
      expect(await rename()).toMatchObject({ status: 200, body: { title: 'x' } });
    });
  });
});
