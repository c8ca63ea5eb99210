import type { DealView } from '#crm/deals/contracts';
import { businessDay } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { type ApiList, EveryList, listsOf } from '../../support/books/every-list.js';

type Item = Readonly<Record<string, string | number | null>>;

const ROWS = 6;
/** Fields that a range of another name is about. */
const FIELD_OF_RANGE: Readonly<Record<string, string>> = {
  starts: 'effective_from',
  ends: 'effective_to',
  planned: 'planned_date',
  actual: 'actual_date',
  calculation_date: 'calculation_date',
};

describe('a list that the caller sorts and narrows', () => {
  let crm: Crm;
  let admin: TestUser;
  let rows: EveryList;
  let lists: readonly ApiList[];

  beforeAll(async () => {
    crm = await Crm.start();
    admin = crm.user('admin');
    rows = await new EveryList(crm, admin).fill(ROWS);
    const sortable = listsOf(crm).filter(({ parameters }) => parameters.has('sort'));
    // A generated list has no rows here.
    lists = (await Promise.all(sortable.map(async (list) => ((await all(list)).length > 2 ? [list] : [])))).flat();
  });
  afterAll(() => crm.stop());

  const page = async ({ path }: ApiList, query: Readonly<Record<string, string>>): Promise<Listed<Item>> => {
    const parameters = new URLSearchParams(query).toString();
    const answer = await admin.get<Listed<Item>>(`${rows.pathOf(path)}?${parameters}`);
    expect({ path, query, status: answer.status }).toEqual({ path, query, status: 200 });
    return answer.body;
  };
  const all = async (list: ApiList, query: Readonly<Record<string, string>> = {}): Promise<readonly Item[]> =>
    (await page(list, { limit: '200', ...query })).items;

  it('is every list but that of bookmarks', () => {
    const others = listsOf(crm).filter(({ parameters }) => !parameters.has('sort'));
    expect(others.map(({ path }) => path)).toEqual(['/api/v1/events/bookmarks']);
    expect(lists.length).toBeGreaterThanOrEqual(13);
  });

  it('has each row once in the order of each key, in both directions, page by page', async () => {
    for (const list of lists) {
      const items = await all(list);
      for (const sort of list.parameters.get('sort')!) {
        const walked: Item[] = [];
        for (let cursor: string | null = ''; cursor !== null;) {
          const { items: more, next_cursor }: Listed<Item> = await page(list, {
            sort,
            limit: '2',
            ...(cursor && { cursor }),
          });
          walked.push(...more);
          cursor = next_cursor;
        }
        const ascending = sort.startsWith('-') ? walked.toReversed() : walked;
        expect({ list: list.path, sort, items: ascending }).toEqual({
          list: list.path,
          sort,
          items: sorted(items, sort.replace('-', '')),
        });
      }
    }
  });

  it('refuses the cursor of another order', async () => {
    for (const list of lists) {
      const sorts = list.parameters.get('sort')!;
      for (const [index, sort] of sorts.entries()) {
        const { next_cursor: cursor } = await page(list, { sort, limit: '1' });
        const query = new URLSearchParams({ sort: sorts.at(index - 1)!, cursor: cursor! }).toString();
        const answer = await admin.get(`${rows.pathOf(list.path)}?${query}`);
        expect({ list: list.path, sort, status: answer.status, code: answer.code }).toEqual({
          list: list.path,
          sort,
          status: 422,
          code: 'invalid_cursor',
        });
      }
    }
  });

  it('has the rows of a range, limits included, and none without a value', async () => {
    for (const list of lists) {
      const items = await all(list);
      const ranges = [...list.parameters.keys()].filter((name) => name.endsWith('_from') && name !== 'posted_from');
      for (const name of ranges.map((from) => from.slice(0, -'_from'.length))) {
        const field = FIELD_OF_RANGE[name] ?? `${name}_at`;
        const values = items.map((item) => item[field]).filter((value): value is string => value !== null);
        const middle = values.toSorted()[values.length >> 1]!;
        const within = (from: string, to: string) =>
          items.filter(({ [field]: value }) => value !== null && String(value) >= from && String(value) <= to);
        const expectation = (found: readonly Item[]) => ({ list: list.path, name, found });
        for (const [from, to] of [
          [middle, undefined],
          [undefined, middle],
          [middle, middle],
        ]) {
          const query = { ...(from && { [`${name}_from`]: from }), ...(to && { [`${name}_to`]: to }) };
          const found = await all(list, { ...query, include_total: 'true' });
          expect(expectation(found)).toEqual(expectation(within(from ?? '', to ?? '~')));
          expect(found.length).toBeGreaterThan(0);
        }
      }
    }
  });

  it('takes a day as all of it in the time zone of the business', async () => {
    const deals = lists.find(({ path }) => path === '/api/v1/deals')!;
    const items = await all(deals);
    const dayOf = ({ created_at }: Item) => businessDay(String(created_at), 'Europe/Moscow');
    const days = [...new Set(items.map(dayOf))];
    expect(days.length).toBeGreaterThan(1);
    for (const day of days) {
      const found = await all(deals, { created_from: day, created_to: day });
      expect(found).toEqual(items.filter((item) => dayOf(item) === day));
    }
  });

  it('has what changed since a moment, and sorts it by the change', async () => {
    const seller = crm.user('seller');
    const client = await crm.client(seller);
    const [first, second] = [
      await crm.deal(seller, { client_id: client.id }),
      await crm.deal(seller, { client_id: client.id }),
    ];
    crm.clock.advanceDays(1);
    const { body } = await seller.patch<DealView>(`/deals/${first.id}`, { title: 'changed' });
    const since = encodeURIComponent(body.updated_at.replace('Z', '+00:00'));
    const idsOf = async (query: string, by = seller) =>
      (await by.get<Listed<DealView>>(`/deals?${query}`)).body.items.map(({ id }) => id);
    expect(await idsOf(`updated_since=${since}`)).toEqual([first.id]);
    expect(await idsOf(`updatedSince=${since}&stage=proposal`)).toEqual([]);
    expect(await idsOf('sort=-updated_at')).toEqual([first.id, second.id]);
    expect(await idsOf(`sort=updated_at&stage=qualification&client_id=${client.id}`)).toEqual([second.id, first.id]);
    expect(await idsOf('sort=-updated_at', crm.user('seller'))).toEqual([]);
  });

  it('is narrowed by the same ranges in stage metrics and exports', async () => {
    const from = (
      await all(
        lists.find(({ path }) => path === '/api/v1/deals')!,
        { sort: '-created_at' },
      )
    )[0]!.created_at;
    const { body } = await admin.get<{ items: { count: number }[] }>(`/deals/stage-metrics?created_from=${from}`);
    const { items } = (await admin.get<Listed<Item>>(`/deals?created_from=${from}`)).body;
    expect(body.items.reduce((sum, { count }) => sum + count, 0)).toBe(items.length);
    const file = await admin.get<string>(`/exports/deals?created_from=${from}`);
    for (const { id } of items) expect(JSON.stringify(file)).toContain(id);
    const policies = await admin.get<Listed<Item>>('/policies?starts_from=2026-03-11&starts_to=2026-03-11');
    const cover = await admin.get<string>('/exports/policies?starts_from=2026-03-11&starts_to=2026-03-11');
    expect(policies.body.items.length).toBeGreaterThan(0);
    for (const { id } of policies.body.items) expect(JSON.stringify(cover)).toContain(id);
  });

  it('has payments with a line that was posted in a range', async () => {
    const deal = await crm.deal(admin);
    const plan = { planned_amount: '100.00', currency: 'RUB' };
    const ids: string[] = [];
    for (const [kind, day] of [
      ['incomes', '2026-02-01'],
      ['expenses', '2026-02-03'],
    ] as const) {
      const path = `/deals/${deal.id}/payments`;
      const { id } = (await admin.post<{ id: string }>(path, { ...plan, planned_date: day })).body;
      const line = { amount: '10.00', category: 'premium', posted_at: day };
      const first = await admin.post<{ id: string }>(`${path}/${id}/${kind}`, line);
      expect(first.status).toBe(201);
      const gone = await admin.post<{ id: string }>(`${path}/${id}/${kind}`, { ...line, posted_at: '2026-02-05' });
      expect(await admin.delete(`${path}/${id}/${kind}/${gone.body.id}`)).toMatchObject({ status: 204 });
      ids.push(id);
    }
    const found = async (query: string) =>
      (await admin.get<Listed<Item>>(`/deals/${deal.id}/payments?${query}`)).body.items.map(({ id }) => id);
    expect(await found('posted_from=2026-02-01&posted_to=2026-02-02')).toEqual([ids[0]]);
    expect(await found('posted_from=2026-02-02')).toEqual([ids[1]]);
    expect(await found('posted_to=2026-02-03')).toEqual(ids);
    expect(await found('posted_from=2026-02-04')).toEqual([]);
  });

  it.each([
    ['sort=title', 'not_one_of'],
    ['sort=-created_at&sort=created_at', 'not_one_of'],
    ['updated_since=yesterday', 'not_a_moment'],
    ['created_from=2026-02-30', 'not_a_moment'],
    ['created_to=2026-02-03T10:00', 'not_a_moment'],
    ['closed_from=infinity', 'not_a_moment'],
  ])('is refused with %s', async (query, code) => {
    const answer = await admin.get<{ errors?: { code: string }[] }>(`/deals?${query}`);
    expect(answer).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(answer.body.errors?.[0]?.code).toBe(code);
  });
});

/** Items in ascending order of a key, those without a value last, equal ones as the list breaks the tie. */
function sorted(items: readonly Item[], key: string): readonly Item[] {
  const keys = key === 'next_review_at' ? [key, 'updated_at', 'id'] : [key, 'id'];
  const compare = (a: Item, b: Item, name: string): number => {
    const [left, right] = [a[name] ?? '~', b[name] ?? '~'];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  return items.toSorted((a, b) => keys.map((name) => compare(a, b, name)).find((order) => order !== 0) ?? 0);
}
