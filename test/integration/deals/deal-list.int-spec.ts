import type { DealView } from '#crm/deals/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';

/** Equal values in each part of the sort key: 2 days × 2 instants (one in microseconds) × 10 ids, of two stages. */
const INSERT_TIES = `
  INSERT INTO crm.deals (id, client_id, title, status, owner_id, next_review_at, version, created_at, updated_at)
  SELECT gen_random_uuid(), $1, 'Deal ' || n, (ARRAY['qualification', 'proposal'])[1 + n % 2], $2, day, 1, at, at
  FROM unnest(ARRAY['2026-03-10', '2026-03-11']::date[]) AS day,
    unnest(ARRAY['2026-03-01T06:00:00Z', '2026-03-01T06:00:00.000001Z']::timestamptz[]) AS at, generate_series(1, 10) AS n`;

describe('the list of deals', () => {
  let crm: Crm;
  let seller: TestUser;
  /** Sees all deals; here all are the seller's. */
  let lead: TestUser;
  let clientId: string;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    lead = crm.user('lead');
    clientId = (await crm.client(seller)).id;
    await crm.database.rows(INSERT_TIES, [clientId, seller.id]);
  });
  afterAll(() => crm.stop());

  const page = async (query: string, by = seller) => {
    const answer = await by.get<Listed<DealView>>(`/deals?${query}`);
    expect(answer.status).toBe(200);
    return answer;
  };
  const inOrder = async (): Promise<string[]> => {
    const rows = await crm.database.rows<{ id: string }>(
      'SELECT id FROM crm.deals WHERE owner_id = $1 AND NOT is_deleted ORDER BY next_review_at, updated_at, id',
      [seller.id],
    );
    return rows.map(({ id }) => id);
  };
  /** Follows the cursors from the first page to the last. */
  const walk = async (
    query: string,
    between: () => Promise<unknown> = () => Promise.resolve(),
    by = seller,
  ): Promise<string[][]> => {
    const pages: string[][] = [];
    for (let cursor = ''; ;) {
      const { body } = await page(`${query}${cursor && `&cursor=${cursor}`}`, by);
      pages.push(body.items.map(({ id }) => id));
      if (body.next_cursor === null) return pages;
      cursor = body.next_cursor;
      await between();
    }
  };

  it.each([
    [1, ''],
    [3, ''],
    [7, '&stage=qualification&stage=proposal'],
    [20, '&search=deal'],
    [39, '&period=all&manager=__NO_MANAGER__&manager=$me'],
    [40, ''],
    [1, '&stage=qualification&stage=proposal', 'lead'],
    [7, '&stage=proposal&stage=qualification&stage=proposal&stage=closedWon&period=all', 'lead'],
  ])('in pages of %i contains each deal once (%s %s)', async (limit, filter, whose = 'seller') => {
    const by = whose === 'lead' ? lead : seller;
    const pages = await walk(`limit=${limit}${filter.replace('$me', seller.id)}`, undefined, by);
    expect(pages.flat()).toEqual(await inOrder());
    expect(pages).toHaveLength(Math.ceil(40 / limit));
    expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
  });

  it('has the same order when PostgreSQL uses no index', async () => {
    const name = new URL(crm.database.url).pathname.slice(1);
    for (const scan of ['indexscan', 'indexonlyscan']) {
      await crm.database.rows(`ALTER DATABASE ${name} SET enable_${scan} = off`);
    }
    const application = await crm.also({});
    for (const filter of ['', '&stage=qualification&stage=proposal']) {
      const { body } = await application.user('ROLE_ADMIN').get<Listed<DealView>>(`/deals?limit=15${filter}`);
      expect(body.items.map(({ id }) => id)).toEqual((await inOrder()).slice(0, 15));
    }
  });

  it('is sorted by the next review, then by the last change', async () => {
    const late = await crm.deal(seller, { client_id: clientId, next_review_at: '2030-01-01' });
    const soon = await crm.deal(seller, { client_id: clientId, next_review_at: '2025-01-01' });
    crm.clock.advanceDays(1);
    const sooner = await crm.deal(seller, { client_id: clientId, next_review_at: '2025-01-01' });
    const ids = (await page('limit=200')).body.items.map(({ id }) => id);
    expect(ids).toEqual(await inOrder());
    expect([ids[0], ids[1], ids.at(-1)]).toEqual([soon.id, sooner.id, late.id]);
    await seller.patch(`/deals/${soon.id}`, { title: 'changed' });
    crm.clock.advanceDays(1);
    await seller.patch(`/deals/${soon.id}`, { title: 'changed again' });
    const changed = (await page('limit=200')).body.items.map(({ id }) => id);
    expect(changed.slice(0, 2)).toEqual([sooner.id, soon.id]);
    for (const { id } of [late, soon, sooner]) await seller.delete(`/deals/${id}`);
  });

  it('stays complete while deals are added and deleted between its pages', async () => {
    const stable = await inOrder();
    const passing: DealView[] = [];
    const pages = await walk('limit=5', async () => {
      passing.push(await crm.deal(seller, { client_id: clientId, next_review_at: '2020-01-01' }));
      passing.push(await crm.deal(seller, { client_id: clientId, next_review_at: '2026-03-10' }));
      const [old] = passing;
      if (passing.length > 6 && old) await seller.delete(`/deals/${old.id}`);
    });
    const seen = pages.flat();
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => stable.includes(id))).toEqual(stable);
    for (const { id } of passing) await seller.delete(`/deals/${id}`);
  });

  it('links its next page, and contains the total on request', async () => {
    const first = await page('limit=30&include_total=true&stage=qualification&stage=proposal');
    expect(first.body).toMatchObject({ total: 40, next_cursor: expect.any(String) });
    const url = /^<(\/api\/v1)(\/.+)>; rel="next"$/.exec(first.headers.link!);
    expect(url?.[1]).toBe('/api/v1');
    const second = await seller.get<Listed<DealView>>(url![2]!);
    expect(second.body).toMatchObject({ total: 40, next_cursor: null });
    expect(second.headers.link).toBeUndefined();
    expect([...first.body.items, ...second.body.items].map(({ id }) => id)).toEqual(await inOrder());
    expect((await page('limit=30')).body).not.toHaveProperty('total');
  });

  it('contains 50 deals by default', async () => {
    const extra = await Promise.all(
      Array.from({ length: 15 }, () => crm.deal(seller, { client_id: clientId, next_review_at: '2031-01-01' })),
    );
    expect((await page('')).body.items).toHaveLength(50);
    expect((await page('limit=200')).body.items).toHaveLength(55);
    for (const { id } of extra) await seller.delete(`/deals/${id}`);
  });

  it('shows a deal as in the response to its opening, with and without a trailing slash', async () => {
    const deal = await crm.deal(seller, { client_id: clientId, next_review_at: '2019-01-01' });
    for (const path of ['/deals?limit=1', '/deals/?limit=1']) {
      expect((await seller.get<Listed<DealView>>(path)).body.items).toEqual([deal]);
    }
    expect(await seller.get(`/deals/${deal.id}/`)).toMatchObject({ status: 200, body: deal });
    await seller.delete(`/deals/${deal.id}/`);
  });

  it.each([
    ['limit=0', 'validation_failed'],
    ['limit=201', 'validation_failed'],
    ['limit=ten', 'validation_failed'],
    ['limit=1&limit=2', 'validation_failed'],
    ['offset=10', 'validation_failed'],
    ['include_total=yes', 'validation_failed'],
    ['cursor=', 'invalid_cursor'],
    ['cursor=bm9uc2Vuc2U', 'invalid_cursor'],
  ])('is refused with %s', async (query, code) => {
    expect(await seller.get(`/deals?${query}`)).toMatchObject({ status: 422, code });
  });

  it('refuses a cursor of another list', async () => {
    await crm.client(seller);
    const { body } = await seller.get<Listed<unknown>>('/clients?limit=1');
    expect(body.next_cursor).not.toBeNull();
    const answer = await seller.get(`/deals?cursor=${body.next_cursor!}`);
    expect(answer).toMatchObject({ status: 422, code: 'invalid_cursor' });
  });

  it('shows current values after a change by any user or directly in the database', async () => {
    const owner = crm.user('seller');
    const other = crm.user('seller');
    const client = await crm.client(owner);
    const [first, second] = await Promise.all(
      ['first', 'second'].map((title) => crm.deal(owner, { client_id: client.id, title })),
    );
    const titles = async (by: TestUser) =>
      (await page('limit=10', by)).body.items.map(({ title, version }) => `${title} ${version}`).sort();
    const direct = (set: string) => crm.database.rows(`UPDATE crm.deals SET ${set} WHERE id = $1`, [first!.id]);
    expect(await titles(owner)).toEqual(['first 1', 'second 1']);
    expect(await titles(owner)).toEqual(['first 1', 'second 1']);
    await owner.patch(`/deals/${first!.id}`, { title: 'changed' });
    expect(await titles(owner)).toEqual(['changed 2', 'second 1']);
    await direct(`title = 'by hand'`);
    expect(await titles(owner)).toEqual(['by hand 2', 'second 1']);
    await lead.patch(`/deals/${first!.id}/assignment`, { owner_id: other.id });
    expect([await titles(owner), await titles(other)]).toEqual([['second 1'], ['by hand 3']]);
    await owner.delete(`/deals/${second!.id}`);
    expect([await titles(owner), await titles(other)]).toEqual([[], ['by hand 3']]);
    const { body } = await other.get<DealView>(`/deals/${first!.id}`);
    expect((await page('limit=10', other)).body.items).toEqual([body]);
  });
});
