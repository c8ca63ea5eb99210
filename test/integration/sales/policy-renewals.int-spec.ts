import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { activePolicy, addPolicy, policyNumber, WHOLE_POLICY } from '../../support/sale.js';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

let crm: Crm;
let seller: TestUser;
let deal: DealView;

beforeAll(async () => {
  crm = await Crm.start();
});
afterAll(() => crm.stop());
beforeEach(async () => {
  seller = crm.user('seller');
  deal = await crm.deal(seller);
});

const read = async ({ id }: PolicyView): Promise<PolicyView> => (await seller.get<PolicyView>(`/policies/${id}`)).body;
const renew = (policy: PolicyView, body: object = {}) => seller.post<PolicyView>(`/policies/${policy.id}/renew`, body);

describe('a renewal', () => {
  it('is a draft of the same cover for the next year', async () => {
    const policy = await activePolicy(seller, { deal_id: deal.id });
    const answer = await renew(policy);
    expect(answer).toMatchObject({ status: 201, headers: { location: `/api/v1/policies/${answer.body.id}` } });
    expect(answer.body).toEqual({
      ...policy,
      id: answer.body.id,
      policy_number: null,
      effective_from: '2027-03-15',
      effective_to: '2028-03-14',
      status: 'draft',
      renews_policy_id: policy.id,
      version: 1,
    });
    expect(await read(answer.body)).toEqual(answer.body);
    const [event] = (await crm.events(`deals/${deal.id}`)).slice(-1);
    expect(event).toMatchObject({ type: 'deal.policy.created', data: { policy: { renews_policy_id: policy.id } } });
  });

  it('uses the given values instead', async () => {
    const policy = await activePolicy(seller, { client_id: deal.client_id });
    const facts = { policy_number: policyNumber(), premium: '91000.00', currency: 'RUB', effective_to: '2027-09-14' };
    const { body } = await renew(policy, { ...facts, effective_from: '2027-04-01' });
    expect(body).toMatchObject({ ...facts, effective_from: '2027-04-01', insurance_company: 'Ингосстрах' });
    expect(body).toMatchObject({ deal_id: null, owner_id: seller.id });
  });

  it.each([
    ['2028-02-28', '2028-02-29', '2029-02-28'],
    ['2027-02-28', '2027-03-01', '2028-02-29'],
    ['2026-12-31', '2027-01-01', '2027-12-31'],
  ])('after %s runs from %s to %s', async (end, from, to) => {
    const policy = await activePolicy(seller, { deal_id: deal.id, effective_to: end });
    expect((await renew(policy)).body).toMatchObject({ effective_from: from, effective_to: to });
  });

  it('is created once, and again after it was void, cancelled or deleted', async () => {
    const policy = await activePolicy(seller, { deal_id: deal.id });
    const first = (await renew(policy)).body;
    expect(await renew(policy)).toMatchObject({ status: 409, code: 'policy_already_renewed' });
    await seller.delete(`/policies/${first.id}`);
    for (const reason of ['void', 'cancelled']) {
      const { body } = await renew(policy, { policy_number: policyNumber() });
      await seller.post(`/policies/${body.id}/activate`);
      expect(await seller.post(`/policies/${body.id}/close`, { reason })).toMatchObject({ status: 200 });
    }
    const last = await renew(policy, { policy_number: policyNumber() });
    expect(last.status).toBe(201);
    await seller.post(`/policies/${last.body.id}/activate`);
    await seller.post(`/policies/${last.body.id}/close`, { reason: 'expired' });
    expect(await renew(policy)).toMatchObject({ status: 409, code: 'policy_already_renewed' });
  });

  it('can be renewed itself', async () => {
    let policy = await activePolicy(seller, { deal_id: deal.id });
    for (const year of ['2028', '2029', '2030']) {
      const next = (await renew(policy, { policy_number: policyNumber() })).body;
      expect(next).toMatchObject({ renews_policy_id: policy.id, effective_to: `${year}-03-14` });
      policy = (await seller.post<PolicyView>(`/policies/${next.id}/activate`)).body;
    }
  });

  it('is refused for a draft, for a void policy and after the last day of the calendar', async () => {
    const draft = await addPolicy(seller, { deal_id: deal.id });
    const gone = await activePolicy(seller, { deal_id: deal.id });
    await seller.post(`/policies/${gone.id}/close`, { reason: 'void' });
    const endless = await activePolicy(seller, { deal_id: deal.id, effective_to: '9999-12-31' });
    const rows = await crm.rowCounts();
    for (const policy of [draft, gone, endless]) {
      expect(await renew(policy)).toMatchObject({ status: 409, code: 'policy_not_renewable' });
    }
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('is refused with dates in the wrong order, or a number in use', async () => {
    const policy = await activePolicy(seller, { deal_id: deal.id });
    const rows = await crm.rowCounts();
    const taken = await renew(policy, { policy_number: policy.policy_number });
    expect(taken).toMatchObject({ status: 409, code: 'policy_number_taken' });
    const reversed = await renew(policy, { effective_to: '2027-03-14' });
    expect(reversed).toMatchObject({ status: 400, code: 'policy_dates_reversed' });
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('is due in the last 30 days of an active policy without a renewal', async () => {
    const at = (effective_to: string) =>
      activePolicy(seller, { deal_id: deal.id, effective_from: '2025-01-01', effective_to });
    const [past, soon, later] = [await at('2026-02-01'), await at('2026-04-01'), await at('2026-04-02')];
    expect([past, soon, later].map(({ renewal_due }) => renewal_due)).toEqual([true, true, false]);
    expect((await Promise.all([past, soon, later].map(read))).map(({ renewal_due }) => renewal_due)).toEqual([
      true,
      true,
      false,
    ]);
    await renew(soon);
    expect(await read(soon)).toMatchObject({ renewal_due: false, version: soon.version });
  });

  it('requested by 50 concurrent requests is created once', async () => {
    const policy = await activePolicy(seller, { deal_id: deal.id });
    const answers = await Promise.all(Array.from({ length: 50 }, () => renew(policy)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 49 }, () => 409)]);
    expect(new Set(answers.flatMap(({ code }) => code ?? []))).toEqual(new Set(['policy_already_renewed']));
    const { body } = await seller.get<Listed<PolicyView>>(`/policies?deal_id=${deal.id}&status=draft`);
    expect(body.items.map(({ renews_policy_id }) => renews_policy_id)).toEqual([policy.id]);
  });
});

describe('bad input', () => {
  it.each([
    ['a name of 10,000 characters', { insurance_company: 'x'.repeat(10_000) }, 422, 'validation_failed'],
    ['a number of 65 characters', { policy_number: '7'.repeat(65) }, 422, 'validation_failed'],
    ['an empty number', { policy_number: '' }, 422, 'validation_failed'],
    ['NUL', { policy_number: 'A\u00001' }, 422, 'invalid_characters'],
    ['half a surrogate pair', { insurance_company: 'A\udc00' }, 422, 'invalid_characters'],
    ['negative money', { premium: '-5.00' }, 422, 'validation_failed'],
    ['money as a JSON number', { premium: 5 }, 422, 'validation_failed'],
    ['money without its currency', { currency: null }, 400, 'currency_required'],
    ['an unknown currency', { currency: 'XXZ' }, 422, 'validation_failed'],
    ['31 April', { effective_from: '2026-04-31' }, 422, 'validation_failed'],
    ['an end before the start', { effective_to: '2026-03-14' }, 400, 'policy_dates_reversed'],
    ['a state that no PATCH sets', { status: 'closed' }, 422, 'validation_failed'],
    ['a quote', { quote_id: UNKNOWN }, 422, 'validation_failed'],
  ])('%s is refused and changes nothing', async (_name, fault, status, code) => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const rows = await crm.rowCounts();
    const body = { ...WHOLE_POLICY, policy_number: policyNumber(), deal_id: deal.id, ...fault };
    for (const answer of [await seller.post('/policies', body), await seller.patch(`/policies/${policy.id}`, fault)]) {
      expect(answer).toMatchObject({ status, code });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
    expect(await crm.rowCounts()).toEqual(rows);
    expect(await read(policy)).toEqual(policy);
  });

  it('a policy without deal and client, of unknown or of foreign ones is refused', async () => {
    const foreign = await crm.deal(crm.user('seller'));
    const rows = await crm.rowCounts();
    const post = (body: object) => seller.post('/policies', body);
    expect(await post({})).toMatchObject({ status: 422, code: 'validation_failed' });
    expect(await post({ deal_id: UNKNOWN })).toMatchObject({ status: 404, code: 'deal_not_found' });
    expect(await post({ deal_id: foreign.id })).toMatchObject({ status: 404, code: 'deal_not_found' });
    expect(await post({ client_id: foreign.client_id })).toMatchObject({ status: 404, code: 'client_not_found' });
    expect(await post({ deal_id: deal.id, client_id: foreign.client_id })).toMatchObject({ code: 'client_mismatch' });
    expect(await crm.user('finance').post('/policies', { deal_id: deal.id })).toMatchObject({ status: 403 });
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('of another type than JSON, or of another shape, is not read', async () => {
    const policy = await activePolicy(seller, { deal_id: deal.id });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await seller.post('/policies', 'deal_id=1', form)).toMatchObject({ status: 415 });
    expect(await seller.post(`/policies/${policy.id}/close`, { reason: 'bored' })).toMatchObject({ status: 422 });
    expect(await seller.post(`/policies/${policy.id}/close`)).toMatchObject({ status: 422 });
    expect(await seller.get('/policies?renewal_due=maybe')).toMatchObject({ status: 422 });
    expect(await seller.get('/policies?ends_before=tomorrow')).toMatchObject({ status: 422 });
    expect(await seller.get(`/policies/${UNKNOWN}`)).toMatchObject({ status: 404, code: 'policy_not_found' });
    expect(await read(policy)).toEqual(policy);
  });
});
