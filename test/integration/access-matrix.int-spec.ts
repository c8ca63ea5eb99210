import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import type { Method, TestUser } from '#platform/testing';
import { OPEN_API } from '../../apps/api/src/open-api.js';
import { Crm, type Listed } from '../crm.js';
import {
  ACCESS_RULES,
  type AccessRule,
  type Asker,
  type AskerRule,
  ASKERS,
  CLIENT_ROWS,
  type CountRule,
  DEAL_ROWS,
  type ListRule,
  type RowRule,
} from './access-rules.js';

/** Ids by row; all of them bear `tag` in their title or name. */
interface Rows {
  readonly tag: string;
  readonly ids: Readonly<Record<string, string>>;
}

const CASES = Object.entries(ACCESS_RULES).flatMap(([use, rule]) => ASKERS.map((asker) => ({ use, rule, asker })));
const casesOf = <R extends AccessRule>(isKind: (rule: AccessRule) => rule is R) =>
  CASES.flatMap(({ use, rule, asker }) => (isKind(rule) ? [{ use, rule, asker }] : []));

describe('who may do what', () => {
  let crm: Crm;
  let admin: TestUser;
  let url: string;

  beforeAll(async () => {
    crm = await Crm.start();
    admin = crm.user('admin');
    url = await crm.api.listen();
  });
  afterAll(() => crm.stop());

  function user(asker: Asker): TestUser {
    if (asker === 'stranger') return crm.api.stranger();
    return asker === 'nobody' ? crm.user() : crm.user(asker);
  }

  async function dealRows({ id }: TestUser): Promise<Rows> {
    const tag = newId();
    const clientId = (await crm.client(admin)).id;
    const open = async (parties: object) => (await crm.deal(admin, { client_id: clientId, title: tag, ...parties })).id;
    const ids = {
      own: await open({ owner_id: id, executor_id: newId() }),
      assigned: await open({ owner_id: newId(), executor_id: id }),
      foreign: await open({ owner_id: newId(), executor_id: newId() }),
      unowned: await open({}),
    };
    return { tag, ids };
  }

  async function clientRows({ id }: TestUser): Promise<Rows> {
    const tag = newId();
    const add = async (facts: object) => (await crm.client(admin, { name: tag, ...facts })).id;
    const ids = {
      own: await add({ owner_id: id }),
      ofOwnDeal: await add({ owner_id: newId() }),
      ofAssignedDeal: await add({ owner_id: newId() }),
      foreign: await add({ owner_id: newId() }),
      unowned: await add({}),
    };
    await crm.deal(admin, { client_id: ids.ofOwnDeal, owner_id: id });
    await crm.deal(admin, { client_id: ids.ofAssignedDeal, owner_id: newId(), executor_id: id });
    return { tag, ids };
  }

  /** Method and path behind `/api/v1` of a use. */
  function requestOf(use: string, id = ''): { method: Method; path: string } {
    const [method, path] = use.split(' ') as [Method, string];
    return { method, path: path.replace('/api/v1', '').replace('{id}', id) };
  }

  it('is written down for every route there is, and for no other', () => {
    const { paths } = openApiDocument(crm.api.nest, OPEN_API);
    const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const ruled = Object.keys(ACCESS_RULES).map((use) => use.split(' (')[0]!);
    expect([...new Set(ruled)].sort()).toEqual(routes.sort());
  });

  it.each(casesOf((rule): rule is RowRule => 'about' in rule))(
    '$use, asked by $asker',
    async ({ use, rule, asker }) => {
      const by = user(asker);
      const names = rule.about === 'deal' ? DEAL_ROWS : CLIENT_ROWS;
      const { ids } = rule.about === 'deal' ? await dealRows(by) : await clientRows(by);
      const expected = rule.answers[asker];
      for (const [index, name] of names.entries()) {
        const id = ids[name]!;
        const { method, path } = requestOf(use, id);
        const before = await crm.rowCounts();
        const answer = await by.send<{ id?: string } | undefined>(method, path, { body: rule.body?.(id) });
        const status = typeof expected === 'number' ? expected : expected[index];
        expect({ name, status: answer.status }).toEqual({ name, status });
        if (answer.status >= 400) expect(await crm.rowCounts()).toEqual(before);
        if (answer.status === 200 && path.endsWith(id)) expect(answer.body?.id).toBe(id);
      }
    },
  );

  it.each(casesOf((rule): rule is ListRule => 'lists' in rule))(
    '$use, asked by $asker',
    async ({ use, rule, asker }) => {
      const by = user(asker);
      const { tag, ids } = rule.lists === 'deals' ? await dealRows(by) : await clientRows(by);
      const { path } = requestOf(use);
      const answer = await by.get<Listed<DealView | ClientView>>(`${path}?search=${tag}&include_total=true`);
      const shown = rule.shows[asker];
      if (typeof shown === 'number') return void expect(answer.status).toBe(shown);
      expect(answer.body.items.map(({ id }) => id).sort()).toEqual(shown.map((row) => ids[row]).sort());
      expect(answer.body.total).toBe(shown.length);
    },
  );

  it.each(casesOf((rule): rule is CountRule => 'counts' in rule))(
    '$use, asked by $asker',
    async ({ use, rule, asker }) => {
      const by = user(asker);
      const { tag } = await dealRows(by);
      const answer = await by.get<{ items: { count: number }[] }>(`${requestOf(use).path}?search=${tag}`);
      const shown = rule.shows[asker];
      if (typeof shown === 'number') return void expect(answer.status).toBe(shown);
      expect(answer.body.items.reduce((sum, { count }) => sum + count, 0)).toBe(shown.length);
    },
  );

  it.each(casesOf((rule): rule is AskerRule => 'statuses' in rule))(
    '$use, asked by $asker',
    async ({ use, rule, asker }) => {
      const by = user(asker);
      const status = rule.statuses[asker];
      if (!rule.isStream) {
        const { method, path } = requestOf(use);
        return void expect((await by.send(method, path, { body: rule.body?.() })).status).toBe(status);
      }
      const cut = new AbortController();
      const [, path] = use.split(' ');
      const answer = await fetch(url + path!, { headers: by.authorization, signal: cut.signal });
      expect(answer.status).toBe(status);
      cut.abort();
    },
  );

  it('is the sum of what each role of a person may: an executor who sells sees both her own and her assigned', async () => {
    const both = crm.user('seller', 'executor');
    const { tag, ids } = await dealRows(both);
    const { body } = await both.get<Listed<DealView>>(`/deals?search=${tag}&include_total=true`);
    expect(body.items.map(({ id }) => id).sort()).toEqual([ids.own, ids.assigned].sort());
    expect(body.total).toBe(2);
    expect(await both.delete(`/deals/${ids.assigned!}`)).toMatchObject({ status: 403 });
    expect(await both.delete(`/deals/${ids.own!}`)).toMatchObject({ status: 204 });
    const clients = await clientRows(both);
    const list = await both.get<Listed<ClientView>>(`/clients?search=${clients.tag}`);
    const seen = [clients.ids.own, clients.ids.ofOwnDeal, clients.ids.ofAssignedDeal];
    expect(list.body.items.map(({ id }) => id).sort()).toEqual(seen.sort());
  });

  it('can be told nobody who guesses: what is out of sight and what is not there are answered alike', async () => {
    const seller = crm.user('seller');
    const { ids } = await dealRows(seller);
    const ask = async (id: string) => {
      const { status, body } = await seller.get<object>(`/deals/${id}`);
      return { status, body: { ...body, instance: '', trace_id: '' } };
    };
    expect(await ask(ids.foreign!)).toEqual(await ask(newId()));
  });
});
