import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import { type Answer, type Sending, TestUser } from '#platform/testing';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { Crm } from '../../support/crm.js';
import { AccessRows } from './access-rows.js';
import { type Caller, type CallerRule, ROWS, type RowRule } from './access-rules.js';
import { requestOf, RULES } from './access-table.js';

/** A use of a POST or PATCH route that succeeds for this role. */
interface KeyedUse {
  readonly use: string;
  readonly rule: RowRule | CallerRule;
  readonly caller: 'seller' | 'executor' | 'finance' | 'admin';
  /** Name of a row that the caller may change. */
  readonly row: string | undefined;
}

/** A quote that may become ready and be confirmed. */
const QUOTE = {
  insurance_company: 'Ингосстрах',
  program_name: 'КАСКО',
  premium_amount: '100.00',
  currency: 'RUB',
  calculation_date: '2026-03-01',
  validity_period: { start: '2026-03-01', end: '2026-03-31' },
  files: ['offer.pdf'],
};

const succeeds = (status: number): boolean => status < 300;

/** Each use once, by the least privileged role for which it succeeds. */
const KEYED_USES: readonly KeyedUse[] = Object.entries(RULES).flatMap(([use, rule]): KeyedUse[] => {
  if (!/^(?:POST|PATCH) /.test(use) || !('about' in rule || 'statuses' in rule)) return [];
  for (const caller of ['seller', 'executor', 'finance', 'admin'] as const) {
    if ('statuses' in rule) {
      if (succeeds(rule.statuses[caller])) return [{ use, rule, caller, row: undefined }];
      continue;
    }
    const answers = rule.answers[caller];
    const index = typeof answers === 'number' ? (succeeds(answers) ? 0 : -1) : answers.findIndex(succeeds);
    if (index >= 0) return [{ use, rule, caller, row: ROWS[rule.about][index] }];
  }
  return [];
});

describe('a replayed response', () => {
  let crm: Crm;
  let rows: AccessRows;

  beforeAll(async () => {
    crm = await Crm.start();
    rows = new AccessRows(crm);
  });
  afterAll(() => crm.stop());

  /** A request that can be repeated with any token. */
  async function request({ use, rule, caller, row }: KeyedUse, by: TestUser) {
    const headers = { 'idempotency-key': newId(), ...('statuses' in rule && rule.headers) };
    const prepared = await prepare(rule, by, row);
    const { method, path } = requestOf(use, prepared.ids);
    const sending: Sending = { body: prepared.body, headers };
    const send = (user: TestUser): Promise<Answer<unknown>> => user.send(method, path, sending);
    return { send, caller };
  }

  async function prepare(rule: KeyedUse['rule'], by: TestUser, row: string | undefined) {
    if ('statuses' in rule) return { ids: { ...rule.names }, body: rule.body?.() };
    const { ids } = await rows.lay(rule.about, by, rule.given);
    const id = ids[row!]!;
    const all = { id, ...(await rows.give(rule.given, rule.about, id, by)) };
    return { ids: all, body: rule.body?.(all) };
  }

  /** Makes another user the owner and executor of every row that is not deleted. */
  async function loseAll(user: TestUser): Promise<void> {
    for (const [table, column] of [
      ['clients', 'owner_id'],
      ['deals', 'owner_id'],
      ['deals', 'executor_id'],
      ['policies', 'owner_id'],
    ]) {
      await crm.database.rows(`UPDATE crm.${table} SET ${column} = $2 WHERE ${column} = $1 AND NOT is_deleted`, [
        user.id,
        newId(),
      ]);
    }
  }

  function user(caller: Exclude<Caller, 'roleless' | 'stranger'>): TestUser {
    return crm.user(caller);
  }

  it('is checked on every POST and PATCH route', () => {
    const { paths } = openApiDocument(crm.api.nest, OPEN_API);
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      (['post', 'patch'] as const).filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const covered = new Set(KEYED_USES.map(({ use }) => use.split(' (')[0]!));
    // Without a broker no event replay starts: catching-up.e2e-spec checks this route.
    expect(routes.filter((route) => !covered.has(route))).toEqual(['POST /api/v1/events/replays']);
  });

  it.each(KEYED_USES)('of $use is returned to $caller again', async (keyed) => {
    const by = user(keyed.caller);
    const { send } = await request(keyed, by);
    const first = await send(by);
    expect(first).toMatchObject({ status: expect.any(Number), code: undefined });
    const again = await send(by);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  it.each(KEYED_USES)('of $use is refused with 403 to a token without roles', async (keyed) => {
    const by = user(keyed.caller);
    const { send } = await request(keyed, by);
    expect(await send(by)).toMatchObject({ code: undefined });
    const refused = await send(new TestUser(crm.api.inject, by.id, []));
    expect(refused).toMatchObject({ status: 403, code: 'forbidden' });
    expect(refused.headers['idempotency-replayed']).toBeUndefined();
  });

  it.each(
    KEYED_USES.filter(({ caller }) => caller === 'seller' || caller === 'executor').filter(
      // The owner of a deleted client or deal never changes.
      ({ use }) => !/^PATCH \/api\/v1\/(?:clients|deals)\/\{id\} \(is_deleted\)$/.test(use),
    ),
  )('of $use is refused with 404 to $caller after losing the row', async (keyed) => {
    const by = user(keyed.caller);
    const { send } = await request(keyed, by);
    expect(await send(by)).toMatchObject({ code: undefined });
    await loseAll(by);
    expect(await send(by)).toMatchObject({ status: 404, code: expect.stringMatching(/_not_found$/) });
  });

  it('of a deletion is refused with 404 to a lead who has become a seller', async () => {
    const lead = crm.user('lead');
    for (const path of [
      `/clients/${(await crm.client(crm.user('admin'))).id}`,
      `/deals/${(await crm.deal(crm.user('admin'))).id}`,
    ]) {
      const sending = { body: { is_deleted: true }, headers: { 'idempotency-key': newId() } };
      expect(await lead.send('PATCH', path, sending)).toMatchObject({ status: 200 });
      const seller = new TestUser(crm.api.inject, lead.id, ['ROLE_SALES_AGENT']);
      expect(await seller.send('PATCH', path, sending)).toMatchObject({ status: 404 });
      expect(await lead.send('PATCH', path, sending)).toMatchObject({ status: 200 });
    }
  });

  it('is returned after its row was deleted', async () => {
    const seller = crm.user('seller');
    const deal = await crm.deal(seller);
    const quotes = `/deals/${deal.id}/quotes`;
    const quote = (await seller.post(quotes, QUOTE)).body as { id: string };
    const keyed = (body: object): Sending => ({ body, headers: { 'idempotency-key': newId() } });
    const ready = keyed({ status: 'ready' });
    expect(await seller.send('POST', `${quotes}/${quote.id}/status`, ready)).toMatchObject({ status: 200 });
    await seller.post(`${quotes}/${quote.id}/status`, { status: 'confirmed' });
    const draft = keyed({});
    const policy = await seller.send('POST', `${quotes}/${quote.id}/policy`, draft);
    expect(policy).toMatchObject({ status: 201 });
    await seller.post(`${quotes}/${quote.id}/status`, { status: 'archived' });
    expect(await seller.send('DELETE', `${quotes}/${quote.id}`, {})).toMatchObject({
      status: expect.any(Number),
      code: undefined,
    });

    const again = await seller.send('POST', `${quotes}/${quote.id}/policy`, draft);
    expect([again.status, again.body]).toEqual([201, policy.body]);
    expect(await seller.send('POST', `${quotes}/${quote.id}/status`, ready)).toMatchObject({ status: 200 });
    await loseAll(seller);
    expect(await seller.send('POST', `${quotes}/${quote.id}/policy`, draft)).toMatchObject({ status: 404 });
    expect(await seller.send('POST', `${quotes}/${quote.id}/status`, ready)).toMatchObject({ status: 404 });
  });

  it('changes nothing: the transaction of the access check is rolled back', async () => {
    const seller = crm.user('seller');
    const client = await crm.client(seller);
    const body = { client_id: client.id, title: 'КАСКО', next_review_at: '2026-03-10' };
    const headers = { 'idempotency-key': newId() };
    await seller.post('/deals', body, headers);
    const before = await crm.rowCounts();
    expect(await seller.post('/deals', body, headers)).toMatchObject({ status: 201 });
    expect(await crm.rowCounts()).toEqual(before);
  });
});
