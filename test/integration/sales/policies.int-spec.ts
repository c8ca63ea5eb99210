import { randomUUID } from 'node:crypto';
import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { activePolicy, addPolicy, policyNumber, WHOLE_POLICY } from '../../support/sale.js';

let crm: Crm;
let seller: TestUser;
let executor: TestUser;
let deal: DealView;

beforeAll(async () => {
  crm = await Crm.start();
});
afterAll(() => crm.stop());
beforeEach(async () => {
  seller = crm.user('seller');
  executor = crm.user('executor');
  deal = await crm.deal(seller, { executor_id: executor.id });
});

const read = async ({ id }: PolicyView): Promise<PolicyView> => (await seller.get<PolicyView>(`/policies/${id}`)).body;
const ids = async (by: TestUser, query: string): Promise<string[]> =>
  (await by.get<Listed<PolicyView>>(`/policies?${query}`)).body.items.map(({ id }) => id);

describe('a policy', () => {
  it('drafted on a deal gets its client and its seller', async () => {
    const number = policyNumber();
    const facts = { ...WHOLE_POLICY, deal_id: deal.id, policy_number: number };
    const answer = await executor.post<PolicyView>('/policies', { ...facts, premium: '85000' });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      ...WHOLE_POLICY,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      client_id: deal.client_id,
      deal_id: deal.id,
      quote_id: null,
      policy_number: number,
      owner_id: seller.id,
      status: 'draft',
      close_reason: null,
      renewal_due: false,
      renews_policy_id: null,
      version: 1,
      is_deleted: false,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
    });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1/policies/${answer.body.id}` });
    expect(await read(answer.body)).toEqual(answer.body);
    expect(await ids(executor, `deal_id=${deal.id}`)).toEqual([answer.body.id]);
    expect((await crm.journal(deal.id)).at(-1)).toMatchObject({
      body: 'Policy drafted',
      author_id: executor.id,
      data: { policy_id: answer.body.id, before: null, after: answer.body },
    });
    const [event] = (await crm.events(`deals/${deal.id}`)).slice(-1);
    expect(event).toMatchObject({ type: 'deal.policy.created', data: { deal_id: deal.id, policy: answer.body } });
    expect(event!.audience).toEqual([seller.id, null, executor.id]);
  });

  it('without a deal is visible to its seller only, and has its own stream', async () => {
    const policy = await addPolicy(seller, { client_id: deal.client_id });
    expect(policy).toMatchObject({ deal_id: null, client_id: deal.client_id, owner_id: seller.id });
    await seller.patch(`/policies/${policy.id}`, { premium: '90000.00' });
    expect(await seller.post(`/policies/${policy.id}/activate`)).toMatchObject({ status: 200 });
    expect(await seller.post(`/policies/${policy.id}/close`, { reason: 'cancelled' })).toMatchObject({ status: 200 });
    const events = await crm.events(`policies/${policy.id}`);
    expect(events.map(({ type }) => type)).toEqual([
      'policy.created',
      'policy.updated',
      'policy.activated',
      'policy.updated',
      'policy.closed',
      'policy.updated',
    ]);
    for (const { audience } of events) expect(audience).toEqual([seller.id, null]);
    expect(events[1]!.data).toMatchObject({ changed: ['premium'], previous: { premium: '85000.00' } });
    expect(await executor.get(`/policies/${policy.id}`)).toMatchObject({ status: 404, code: 'policy_not_found' });
    expect(await ids(executor, '')).toEqual([]);
    expect(await executor.post('/policies', { ...WHOLE_POLICY, client_id: deal.client_id })).toMatchObject({
      status: 403,
    });
  });

  it('is activated and closed with a reason, each with a journal entry and an event of the deal', async () => {
    const draft = await addPolicy(seller, { deal_id: deal.id });
    const active = await executor.post<PolicyView>(`/policies/${draft.id}/activate`);
    expect(active).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { ...draft, status: 'active', version: 2 },
    });
    const closed = await seller.post<PolicyView>(`/policies/${draft.id}/close`, { reason: 'replaced' });
    expect(closed.body).toEqual({ ...active.body, status: 'closed', close_reason: 'replaced', version: 3 });
    expect(await read(draft)).toEqual(closed.body);
    const events = (await crm.events(`deals/${deal.id}`)).slice(-4);
    expect(events.map(({ type }) => type)).toEqual([
      'deal.policy.activated',
      'deal.policy.updated',
      'deal.policy.closed',
      'deal.policy.updated',
    ]);
    expect(events[2]!.data).toMatchObject({ reason: 'replaced', policy: closed.body });
    expect((await crm.journal(deal.id)).slice(-2)).toMatchObject([
      { body: 'Policy activated', data: { before: { status: 'draft' }, after: { status: 'active' } } },
      {
        body: 'Policy closed: replaced',
        data: {
          before: { status: 'active', close_reason: null },
          after: { status: 'closed', close_reason: 'replaced' },
        },
      },
    ]);
    expect(await seller.patch(`/policies/${draft.id}`, { premium: '1.00' })).toMatchObject({ code: 'policy_closed' });
    expect(await read(draft)).toEqual(closed.body);
  });

  it('cannot be activated without number, insurer and both dates', async () => {
    const { body: bare } = await seller.post<PolicyView>('/policies', { deal_id: deal.id });
    const refused = await seller.post<{ errors: { pointer: string }[] }>(`/policies/${bare.id}/activate`);
    expect(refused).toMatchObject({ status: 400, code: 'policy_incomplete' });
    expect(refused.body.errors.map(({ pointer }) => pointer)).toEqual([
      '/policy_number',
      '/insurance_company',
      '/effective_from',
      '/effective_to',
    ]);
    expect(await read(bare)).toEqual(bare);
    const active = await activePolicy(seller, { deal_id: deal.id });
    const answer = await seller.patch(`/policies/${active.id}`, { effective_to: null });
    expect(answer).toMatchObject({ status: 400, code: 'policy_incomplete' });
    expect(await read(active)).toEqual(active);
  });

  it('can be deleted only as a draft, by DELETE or PATCH', async () => {
    const [draft, other] = [
      await addPolicy(seller, { deal_id: deal.id }),
      await addPolicy(seller, { deal_id: deal.id }),
    ];
    const active = await activePolicy(seller, { deal_id: deal.id });
    expect(await seller.delete(`/policies/${active.id}`)).toMatchObject({ status: 409, code: 'policy_not_draft' });
    expect(await seller.delete(`/policies/${draft.id}`)).toMatchObject({ status: 204 });
    expect(await seller.patch(`/policies/${other.id}`, { is_deleted: true })).toMatchObject({ status: 200 });
    expect(await seller.get(`/policies/${draft.id}`)).toMatchObject({ status: 404, code: 'policy_not_found' });
    expect(await ids(seller, `deal_id=${deal.id}`)).toEqual([active.id]);
    const deleted = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => type === 'deal.policy.deleted');
    expect(deleted).toMatchObject([
      { data: { policy_id: draft.id, deleted_at: crm.clock.now(), deleted_by_id: seller.id } },
      { data: { policy_id: other.id } },
    ]);
  });

  it('is changed only with the current version', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    await seller.patch(`/policies/${policy.id}`, { premium: '1.00' });
    const stale = { 'if-match': '"1"' };
    const refused = { status: 412, code: 'version_mismatch' };
    expect(await seller.patch(`/policies/${policy.id}`, { premium: '2.00' }, stale)).toMatchObject(refused);
    expect(await seller.post(`/policies/${policy.id}/activate`, undefined, stale)).toMatchObject(refused);
    expect(await seller.post(`/policies/${policy.id}/close`, { reason: 'void' }, stale)).toMatchObject(refused);
    expect(await seller.delete(`/policies/${policy.id}`, stale)).toMatchObject(refused);
    expect(await read(policy)).toMatchObject({ premium: '1.00', version: 2 });
  });

  it('can be changed after its deal was won', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    await seller.patch(`/deals/${deal.id}/stage`, { stage: 'closedWon' });
    expect(await seller.post(`/policies/${policy.id}/activate`)).toMatchObject({ status: 200 });
    expect(await seller.post(`/policies/${policy.id}/renew`, {})).toMatchObject({ status: 201 });
  });

  it('stays visible to its members, in details and lists, after its deal was deleted', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    expect(await seller.delete(`/deals/${deal.id}`)).toMatchObject({ status: 204 });
    for (const by of [seller, executor]) {
      expect(await by.get(`/policies/${policy.id}`)).toMatchObject({ status: 200 });
      expect(await ids(by, '')).toEqual([policy.id]);
    }
  });

  it('prevents the deletion of its client', async () => {
    const client = await crm.client(seller);
    const draft = await addPolicy(seller, { client_id: client.id });
    const refused = { status: 409, code: 'client_has_policies' };
    expect(await seller.delete(`/clients/${client.id}`)).toMatchObject(refused);
    expect(await seller.patch(`/clients/${client.id}`, { is_deleted: true })).toMatchObject(refused);
    await seller.delete(`/policies/${draft.id}`);
    expect(await seller.delete(`/clients/${client.id}`)).toMatchObject({ status: 204 });
  });

  it('gets the new owner of its deal', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const next = crm.user('seller');
    await crm.user('lead').patch(`/deals/${deal.id}/assignment`, { owner_id: next.id });
    expect(await seller.get(`/policies/${policy.id}`)).toMatchObject({ status: 404 });
    expect(await ids(seller, '')).toEqual([]);
    expect(await ids(next, '')).toEqual([policy.id]);
  });
});

it.each<[string, (policy: string) => Promise<Answer<unknown>>]>([
  ['change', (policy) => seller.patch(policy, { premium: '99.00' })],
  ['document', (policy) => seller.post(`${policy}/documents`, { document_id: randomUUID() })],
])('publishes no later %s of a policy to a user who has lost its deal', async (_what, act) => {
  const [lead, next] = [crm.user('lead'), crm.user('seller')];
  const { id } = await addPolicy(seller, { deal_id: deal.id });
  const answers = await crm.database.undone(async (client) => {
    await client.query('SELECT FROM crm.policies WHERE id = $1 FOR UPDATE', [id]);
    const acting = act(`/policies/${id}`);
    await crm.blocked('crm.policies');
    const assigning = lead.patch(`/deals/${deal.id}/assignment`, { owner_id: next.id });
    await crm.blocked('UPDATE crm.deals');
    return [acting, assigning];
  });
  for (const { status } of await Promise.all(answers)) expect([200, 201]).toContain(status);
  expect((await crm.events(`deals/${deal.id}`)).slice(-3)).toMatchObject([
    { audience: [seller.id, null, executor.id], data: { policy_id: id } },
    { type: 'deal.assigned', audience: [next.id, seller.id, null, executor.id] },
    { type: 'deal.updated', audience: [next.id, null, executor.id] },
  ]);
});

describe('the list of policies', () => {
  it('is filtered by each parameter', async () => {
    const loose = await addPolicy(seller, { client_id: deal.client_id, policy_number: `ХХХ 0-${deal.id.slice(-6)}` });
    const soon = await activePolicy(seller, {
      deal_id: deal.id,
      insurance_company: 'АльфаСтрахование',
      effective_to: '2026-04-01',
      effective_from: '2025-04-02',
    });
    const later = await activePolicy(seller, { deal_id: deal.id, effective_to: '2026-04-02' });
    const found = (query: string) => ids(seller, query);
    expect(await found('')).toEqual([later.id, soon.id, loose.id]);
    expect(await found(`deal_id=${deal.id}`)).toEqual([later.id, soon.id]);
    expect(await found(`client_id=${deal.client_id}`)).toEqual([later.id, soon.id, loose.id]);
    expect(await found('status=draft')).toEqual([loose.id]);
    expect(await found(`insurance_company=${encodeURIComponent(' альфаСТРАХОВАНИЕ ')}`)).toEqual([soon.id]);
    expect(await found(`number=${encodeURIComponent(`xxx0${deal.id.slice(-6)}`)}`)).toEqual([loose.id]);
    expect(await found('ends_before=2026-04-02')).toEqual([soon.id]);
    expect(await found('renewal_due=true')).toEqual([soon.id]);
    expect(await found('renewal_due=false')).toEqual([later.id, loose.id]);
    const page = await seller.get<Listed<PolicyView>>('/policies?limit=2&include_total=true');
    expect(page.body).toMatchObject({ items: [{ id: later.id }, { id: soon.id }], total: 3 });
    const rest = await seller.get<Listed<PolicyView>>(`/policies?limit=2&cursor=${page.body.next_cursor}`);
    expect(rest.body).toMatchObject({ items: [{ id: loose.id }], next_cursor: null });
  });
});

describe('the policy number', () => {
  it.each([
    ['case', 'abc-1', 'ABC-1'],
    ['spaces and dashes', 'ABC 12—3', 'A B-C123'],
    ['Cyrillic look-alikes', 'АВСЕНКМОРТХУ 7', 'ABCEHKMOPTXY7'],
    ['wide characters', 'ＡＢＣ９', 'abc9'],
  ])('is the same with any %s', async (_what, first, second) => {
    const insurer = { insurance_company: `Страховщик ${policyNumber()}` };
    await addPolicy(seller, { deal_id: deal.id, ...insurer, policy_number: first });
    const rows = await crm.rowCounts();
    const facts = { ...WHOLE_POLICY, deal_id: deal.id, policy_number: second };
    const sameInsurer = { insurance_company: ` ${insurer.insurance_company.toUpperCase().replace(' ', '  ')}` };
    expect(await seller.post('/policies', { ...facts, ...sameInsurer })).toMatchObject({
      status: 409,
      code: 'policy_number_taken',
    });
    expect(await crm.rowCounts()).toEqual(rows);
    expect(await seller.post('/policies', { ...facts, insurance_company: policyNumber() })).toMatchObject({
      status: 201,
      body: { policy_number: second },
    });
  });

  it('can be reused when its policy is void or deleted, but not when it is closed otherwise', async () => {
    const number = policyNumber();
    const take = () =>
      seller.post<PolicyView>('/policies', { ...WHOLE_POLICY, deal_id: deal.id, policy_number: number });
    const deleted = (await take()).body;
    await seller.delete(`/policies/${deleted.id}`);
    const void_ = (await take()).body;
    await seller.post(`/policies/${void_.id}/activate`);
    expect(await take()).toMatchObject({ status: 409 });
    await seller.post(`/policies/${void_.id}/close`, { reason: 'void' });
    const cancelled = (await take()).body;
    await seller.post(`/policies/${cancelled.id}/activate`);
    await seller.post(`/policies/${cancelled.id}/close`, { reason: 'cancelled' });
    expect(await take()).toMatchObject({ status: 409, code: 'policy_number_taken' });
  });

  it('is refused in a change when another policy has it', async () => {
    const [first, second] = [
      await addPolicy(seller, { deal_id: deal.id }),
      await addPolicy(seller, { deal_id: deal.id }),
    ];
    const answer = await seller.patch(`/policies/${second.id}`, { policy_number: first.policy_number!.toLowerCase() });
    expect(answer).toMatchObject({ status: 409, code: 'policy_number_taken' });
    expect(await read(second)).toEqual(second);
  });

  it('may become longer by normalisation', async () => {
    const policy = await addPolicy(seller, {
      deal_id: deal.id,
      policy_number: 'ﷺ'.repeat(64),
      insurance_company: 'İ'.repeat(255),
    });
    expect(await ids(seller, `number=${encodeURIComponent('ﷺ'.repeat(64))}`)).toEqual([policy.id]);
  });

  it('of dashes only is refused', async () => {
    const rows = await crm.rowCounts();
    const answer = await seller.post('/policies', { ...WHOLE_POLICY, deal_id: deal.id, policy_number: '- —' });
    expect(answer).toMatchObject({ status: 400, code: 'policy_number_empty' });
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('is given to one of 20 concurrent requests', async () => {
    const body = { ...WHOLE_POLICY, deal_id: deal.id, policy_number: policyNumber() };
    const answers = await Promise.all(Array.from({ length: 20 }, () => seller.post('/policies', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)]);
  });
});
