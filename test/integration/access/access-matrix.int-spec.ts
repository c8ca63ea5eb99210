import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { Crm, type Listed } from '../../support/crm.js';
import { AccessRows } from './access-rows.js';
import {
  type AccessRule,
  type Caller,
  type CallerRule,
  CALLERS,
  type CountRule,
  type ExportRule,
  type ListRule,
  ROWS,
  type RowRule,
} from './access-rules.js';
import { requestOf, RULES } from './access-table.js';

/** Every use of a route by every caller, for one kind of rule. */
function casesOf<R extends AccessRule>(isKind: (rule: AccessRule) => rule is R) {
  return Object.entries(RULES).flatMap(([use, rule]) =>
    isKind(rule) ? CALLERS.map((caller) => ({ use, rule, caller })) : [],
  );
}

describe('the access rules', () => {
  let crm: Crm;
  let rows: AccessRows;
  let url: string;

  beforeAll(async () => {
    crm = await Crm.start();
    rows = new AccessRows(crm);
    url = await crm.api.listen();
  });
  afterAll(() => crm.stop());

  function user(caller: Caller): TestUser {
    if (caller === 'stranger') return crm.api.stranger();
    return caller === 'roleless' ? crm.user() : crm.user(caller);
  }

  /** Events of these rows by this user. */
  const doneBy = (caller: TestUser, ids: readonly string[]) =>
    crm.database.rows(
      `SELECT type FROM crm.event_log WHERE actor_id = $1
         AND (deal_id = ANY ($2) OR client_id = ANY ($2) OR data ->> 'policy_id' = ANY ($2::text[]))`,
      [caller.id, ids],
    );

  it('exist for every route, and for no other', () => {
    const { paths } = openApiDocument(crm.api.nest, OPEN_API);
    const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const ruled = Object.keys(RULES).map((use) => use.split(' (')[0]!);
    expect([...new Set(ruled)].sort()).toEqual(routes.sort());
  });

  it.each(casesOf((rule): rule is RowRule => 'about' in rule))('$use as $caller', async ({ use, rule, caller }) => {
    const by = user(caller);
    const { ids } = await rows.lay(rule.about, by, rule.given);
    const expected = rule.answers[caller];
    const refused: string[] = [];
    for (const [index, name] of ROWS[rule.about].entries()) {
      const id = ids[name]!;
      const all = { id, ...(await rows.give(rule.given, rule.about, id, by)) };
      const { method, path } = requestOf(use, all);
      const answer = await by.send<{ id?: string } | undefined>(method, path, { body: rule.body?.(all) });
      const status = typeof expected === 'number' ? expected : expected[index];
      expect({ name, status: answer.status, code: answer.code }).toEqual({ name, status, code: answer.code });
      if (answer.status >= 400) refused.push(id);
      if (method === 'GET' && answer.status === 200 && path.endsWith(id)) expect(answer.body?.id).toBe(id);
    }
    expect(await doneBy(by, refused)).toEqual([]);
  });

  it.each(casesOf((rule): rule is ListRule => 'lists' in rule))('$use as $caller', async ({ use, rule, caller }) => {
    const by = user(caller);
    const { ids, query } = await rows.lay(rule.lists, by, undefined);
    const answer = await by.get<Listed<{ id: string }>>(`${requestOf(use).path}?${query}&include_total=true`);
    const shown = rule.shows[caller];
    if (typeof shown === 'number') return void expect(answer.status).toBe(shown);
    expect(answer.body.items.map(({ id }) => id).sort()).toEqual(shown.map((row) => ids[row]).sort());
    expect(answer.body.total).toBe(shown.length);
  });

  it.each(casesOf((rule): rule is ExportRule => 'exports' in rule))(
    '$use as $caller',
    async ({ use, rule, caller }) => {
      const by = user(caller);
      const { ids, query } = await rows.lay(rule.exports, by, undefined);
      const answer = await by.get<string>(`${requestOf(use).path}?${query}`);
      const shown = rule.shows[caller];
      if (typeof shown === 'number') return void expect(answer.status).toBe(shown);
      const [, ...lines] = answer.body.trimEnd().split('\r\n');
      expect(lines.map((line) => line.split(',')[0]).sort()).toEqual(shown.map((row) => ids[row]).sort());
    },
  );

  it.each(casesOf((rule): rule is CountRule => 'counts' in rule))('$use as $caller', async ({ use, rule, caller }) => {
    const by = user(caller);
    const { query } = await rows.lay(rule.counts, by, undefined);
    const answer = await by.get<{ items: { count: number }[] }>(`${requestOf(use).path}?${query}`);
    const shown = rule.shows[caller];
    if (typeof shown === 'number') return void expect(answer.status).toBe(shown);
    expect(answer.body.items.reduce((sum, { count }) => sum + count, 0)).toBe(shown.length);
  });

  it.each(casesOf((rule): rule is CallerRule => 'statuses' in rule))(
    '$use as $caller',
    async ({ use, rule, caller }) => {
      const by = user(caller);
      const status = rule.statuses[caller];
      if (!rule.isStream) {
        const { method, path } = requestOf(use, { id: newId(), name: newId(), ...rule.names });
        const answer = await by.send(method, path, { body: rule.body?.(), headers: rule.headers });
        return void expect(answer.status).toBe(status);
      }
      const cut = new AbortController();
      const [, path] = use.split(' ');
      const answer = await fetch(url + path!, { headers: by.authorization, signal: cut.signal });
      expect(answer.status).toBe(status);
      cut.abort();
    },
  );

  it('add up over roles: a user who is seller and executor sees her own and her assigned deals', async () => {
    const both = crm.user('seller', 'executor');
    const { ids, query } = await rows.lay('deal', both, undefined);
    const { body } = await both.get<Listed<DealView>>(`/deals?${query}&include_total=true`);
    expect(body.items.map(({ id }) => id).sort()).toEqual([ids.own, ids.assigned].sort());
    expect(body.total).toBe(2);
    expect(await both.delete(`/deals/${ids.assigned!}`)).toMatchObject({ status: 403 });
    expect(await both.delete(`/deals/${ids.own!}`)).toMatchObject({ status: 204 });
    const clients = await rows.lay('client', both, undefined);
    const list = await both.get<Listed<ClientView>>(`/clients?${clients.query}`);
    const seen = [clients.ids.own, clients.ids.ofOwnDeal, clients.ids.ofAssignedDeal];
    expect(list.body.items.map(({ id }) => id).sort()).toEqual(seen.sort());
  });

  it('allow a seller who may read everything to change only her own rows', async () => {
    const both = crm.user('seller', 'finance');
    for (const [use, rule] of Object.entries(RULES)) {
      if (!('about' in rule) || use.startsWith('GET') || rule.answers.finance !== 403) continue;
      const { ids } = await rows.lay(rule.about, both, rule.given);
      const id = ids.foreign!;
      const all = { id, ...(await rows.give(rule.given, rule.about, id, both)) };
      const { method, path } = requestOf(use, all);
      const { status } = await both.send(method, path, { body: rule.body?.(all) });
      // A deal for a client outside her scope is refused with 404.
      const isOpening = method === 'POST' && !path.includes(id);
      expect({ use, status }).toEqual({ use, status: isOpening && rule.about === 'client' ? 404 : 403 });
    }
  });

  it('answer rows outside the scope and unknown rows with the same 404', async () => {
    const seller = crm.user('seller');
    const { ids } = await rows.lay('deal', seller, undefined);
    const ask = async (id: string) => {
      const { status, body } = await seller.get<object>(`/deals/${id}`);
      return { status, body: { ...body, instance: '', trace_id: '' } };
    };
    expect(await ask(ids.foreign!)).toEqual(await ask(newId()));
  });
});
