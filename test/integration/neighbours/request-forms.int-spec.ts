import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { activePolicy, addPolicy, addQuote, policyNumber, WHOLE_POLICY, WHOLE_QUOTE } from '../../support/sale.js';

const PLANNED = { planned_date: '2026-03-20', planned_amount: '1000.00', currency: 'RUB' };

/** Forms of requests that the existing gateway, web client and bots send. */
describe('requests of existing neighbours', () => {
  let crm: Crm;
  let seller: TestUser;
  let executor: TestUser;
  let finance: TestUser;
  let lead: TestUser;
  let deal: DealView;

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, executor] = [crm.user('seller'), crm.user('executor')];
    [finance, lead] = [crm.user('finance'), crm.user('lead')];
  });
  afterAll(() => crm.stop());
  beforeEach(async () => {
    deal = await crm.deal(seller, { executor_id: executor.id });
  });

  const withoutCurrency = { ...WHOLE_POLICY, currency: undefined };

  async function addPayment(facts: object = {}): Promise<PaymentView> {
    const answer = await seller.post<PaymentView>(`/deals/${deal.id}/payments`, { ...PLANNED, ...facts });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  }
  const pathOf = (payment: PaymentView): string => `/deals/${deal.id}/payments/${payment.id}`;
  const versions = async (): Promise<number> => (await crm.events(`deals/${deal.id}`)).length;

  describe('list filters', () => {
    const idsOf = async (path: string): Promise<string[]> => {
      const answer = await seller.get<Listed<{ id: string }>>(path);
      expect(answer).toMatchObject({ status: 200 });
      return answer.body.items.map(({ id }) => id).sort();
    };

    it.each([
      ['status=draft&status=active', 2],
      ['status[]=draft&status[]=active', 2],
      ['status=draft', 1],
      ['status=closed', 0],
    ])('of policies take a list: %s', async (filter, count) => {
      const own = [await addPolicy(seller, { deal_id: deal.id }), await activePolicy(seller, { deal_id: deal.id })];
      const expected = own.slice(0, count).map(({ id }) => id);
      expect(await idsOf(`/policies?deal_id=${deal.id}&${filter}`)).toEqual(expected.sort());
    });

    it('of quotes, clients and the journal take a list', async () => {
      const quote = await addQuote(seller, deal);
      expect(await idsOf(`/deals/${deal.id}/quotes?status=draft&status=ready`)).toEqual([quote.id]);
      expect(await idsOf(`/deals/${deal.id}/quotes?status[]=ready&status[]=archived`)).toEqual([]);
      const own = `/clients?owner_id=${seller.id}`;
      const all = await idsOf(own);
      expect(await idsOf(`${own}&status=active&status=prospect`)).toEqual(all);
      expect(await idsOf(`${own}&status[]=inactive&status[]=prospect`)).toEqual([]);
      expect(await idsOf(`${own}&kind=company`)).toEqual([]);
      expect(await idsOf(`/deals/${deal.id}/journal?kind=note&kind=system`)).toHaveLength(2);
      expect(await idsOf(`/deals/${deal.id}/journal?kind[]=note`)).toEqual([]);
      expect(await seller.get(`/deals/${deal.id}/journal?kind=other`)).toMatchObject({ status: 422 });
    });
  });

  describe('owners in bodies', () => {
    it('a client without a kind is a person', async () => {
      const answer = await seller.post<ClientView>('/clients?allow_duplicate=true', { name: 'Иванова Мария' });
      expect(answer).toMatchObject({ status: 201, body: { kind: 'person', owner_id: seller.id } });
    });

    it('null as owner is honoured for a lead and refused for a seller', async () => {
      const client = { name: 'Петров Пётр', owner_id: null };
      const path = '/clients?allow_duplicate=true';
      expect(await lead.post(path, client)).toMatchObject({ status: 201, body: { owner_id: null } });
      expect(await seller.post(path, client)).toMatchObject({ status: 403, code: 'owner_forbidden' });
      const opening = { client_id: deal.client_id, title: 'ОСАГО', next_review_at: '2026-04-01', owner_id: null };
      expect(await lead.post('/deals', opening)).toMatchObject({ status: 201, body: { owner_id: null } });
      expect(await seller.post('/deals', opening)).toMatchObject({ status: 403, code: 'owner_forbidden' });
    });

    it('a policy of a deal takes the owner of the deal and refuses another one', async () => {
      const policy = { deal_id: deal.id };
      const post = (by: TestUser, owner_id: string | null) =>
        by.post<PolicyView>('/policies', { ...WHOLE_POLICY, ...policy, policy_number: policyNumber(), owner_id });
      expect(await post(seller, seller.id)).toMatchObject({ status: 201, body: { owner_id: seller.id } });
      expect(await post(lead, seller.id)).toMatchObject({ status: 201, body: { owner_id: seller.id } });
      for (const [by, owner] of [
        [seller, executor.id],
        [lead, executor.id],
        [lead, null],
      ] as const) {
        expect(await post(by, owner)).toMatchObject({ status: 422, code: 'owner_mismatch' });
      }
    });

    it('a policy without a deal takes any owner from a lead, and only the caller from a seller', async () => {
      const post = (by: TestUser, owner_id: string | null) =>
        by.post<PolicyView>('/policies', { ...WHOLE_POLICY, client_id: deal.client_id, owner_id });
      expect(await post(seller, seller.id)).toMatchObject({ status: 201, body: { owner_id: seller.id } });
      expect(await post(seller, null)).toMatchObject({ status: 422, code: 'owner_mismatch' });
      expect(await post(seller, lead.id)).toMatchObject({ status: 422, code: 'owner_mismatch' });
      expect(await post(lead, seller.id)).toMatchObject({ status: 201, body: { owner_id: seller.id } });
      expect(await post(lead, null)).toMatchObject({ status: 201, body: { owner_id: null } });
    });

    it('a quote takes the caller as owner, and the owner or executor of the deal from a lead', async () => {
      const post = (by: TestUser, owner_id: string | null) =>
        by.post<QuoteView>(`/deals/${deal.id}/quotes`, { ...WHOLE_QUOTE, owner_id });
      expect(await post(seller, seller.id)).toMatchObject({ status: 201, body: { owner_id: seller.id } });
      expect(await post(lead, executor.id)).toMatchObject({ status: 201, body: { owner_id: executor.id } });
      expect(await post(lead, null)).toMatchObject({ status: 201, body: { owner_id: null } });
      expect(await post(seller, executor.id)).toMatchObject({ status: 422, code: 'owner_mismatch' });
      expect(await post(lead, newId())).toMatchObject({ status: 422, code: 'owner_mismatch' });
    });
  });

  describe('money', () => {
    it('takes a currency in any case with spaces around it', async () => {
      expect(await addPayment({ currency: ' rub ' })).toMatchObject({ currency: 'RUB' });
      expect(await addQuote(seller, deal, { currency: 'Rub' })).toMatchObject({ currency: 'RUB' });
      expect(await addPolicy(seller, { deal_id: deal.id, currency: 'rub ' })).toMatchObject({ currency: 'RUB' });
    });

    it('gives a premium without a currency the only currency of its deal', async () => {
      const facts = { ...withoutCurrency, deal_id: deal.id };
      const refused = { status: 400, code: 'currency_required' };
      expect(await seller.post('/policies', { ...facts, policy_number: policyNumber() })).toMatchObject(refused);
      await addQuote(seller, deal, { currency: 'EUR' });
      const drafted = await seller.post<PolicyView>('/policies', { ...facts, policy_number: policyNumber() });
      expect(drafted).toMatchObject({ status: 201, body: { premium: '85000.00', currency: 'EUR' } });
      const empty = await addPolicy(seller, { deal_id: deal.id, premium: null, currency: null });
      expect(await seller.patch(`/policies/${empty.id}`, { premium: '10.00' })).toMatchObject({
        status: 200,
        body: { premium: '10.00', currency: 'EUR' },
      });
      await addPayment();
      expect(await seller.post('/policies', { ...facts, policy_number: policyNumber() })).toMatchObject(refused);
    });

    it('requires the currency of a premium of a policy whose deal was deleted', async () => {
      const policy = await addPolicy(seller, { deal_id: deal.id, premium: null, currency: null });
      expect(await seller.delete(`/deals/${deal.id}`)).toMatchObject({ status: 204 });
      const answer = await seller.patch(`/policies/${policy.id}`, { premium: '100.00' });
      expect(answer).toMatchObject({ status: 400, code: 'currency_required' });
    });
  });

  describe('the place of a payment in its body', () => {
    it('is taken when it is the one of the path', async () => {
      const policy = await addPolicy(seller, { deal_id: deal.id });
      const payment = await addPayment({ dealId: deal.id, policyId: policy.id });
      expect(payment).toMatchObject({ deal_id: deal.id, policy_id: policy.id });
      const same = { deal_id: deal.id, policy_id: policy.id, comment: 'x' };
      expect(await seller.patch(pathOf(payment), same)).toMatchObject({ status: 200, body: { comment: 'x' } });
    });

    it('is refused with 422 when it is another one, and nothing changes', async () => {
      const payment = await addPayment();
      const before = await versions();
      const refuse = async (path: string, body: object, code: string, method: 'post' | 'patch' = 'post') =>
        expect(await seller[method](path, body)).toMatchObject({ status: 422, code });
      const [elsewhere, other] = [{ deal_id: newId() }, { policy_id: newId() }];
      await refuse(`/deals/${deal.id}/payments`, { ...PLANNED, ...elsewhere }, 'deal_mismatch');
      await refuse(pathOf(payment), { ...elsewhere, comment: 'x' }, 'deal_mismatch', 'patch');
      await refuse(pathOf(payment), { ...other, comment: 'x' }, 'policy_mismatch', 'patch');
      expect(await versions()).toBe(before);
    });

    it('takes a recorder who is the caller, and refuses another one', async () => {
      const payment = await addPayment({ recorded_by_id: seller.id });
      expect(payment.recorded_by_id).toBeNull();
      const refused = { status: 403, code: 'actor_mismatch' };
      const foreign = { recorded_by_id: lead.id };
      expect(await seller.post(`/deals/${deal.id}/payments`, { ...PLANNED, ...foreign })).toMatchObject(refused);
      expect(await seller.patch(pathOf(payment), { comment: 'x', ...foreign })).toMatchObject(refused);
      const own = { comment: 'x', recorded_by_id: seller.id };
      expect(await seller.patch(pathOf(payment), own)).toMatchObject({ status: 200, body: { comment: 'x' } });
    });
  });

  describe('PATCH', () => {
    it('with present stage, status, owner and executor changes nothing, on a closed deal too', async () => {
      const move = { stage: 'closedLost', reason: 'Too dear' };
      expect(await seller.patch(`/deals/${deal.id}/stage`, move)).toMatchObject({ status: 200 });
      const before = await versions();
      const present = { stage: 'closedLost', status: 'lost', owner_id: seller.id, executor_id: executor.id };
      const answer = await seller.patch<DealView>(`/deals/${deal.id}`, present);
      expect(answer).toMatchObject({ status: 200, body: { version: 2, lost_reason: 'Too dear' } });
      expect(await seller.patch(`/deals/${deal.id}`, { status: 'closed_lost' })).toMatchObject({ status: 200 });
      expect(await versions()).toBe(before);
    });

    it('of a deal moves it, assigns it and changes its title in one version', async () => {
      const body = { title: 'ОСАГО', status: 'won', owner_id: lead.id, executor_id: null };
      const answer = await lead.patch<DealView>(`/deals/${deal.id}`, body);
      expect(answer).toMatchObject({
        status: 200,
        body: { title: 'ОСАГО', stage: 'closedWon', status: 'won', owner_id: lead.id, executor_id: null, version: 2 },
      });
      const events = (await crm.events(`deals/${deal.id}`)).slice(1);
      expect(events.map(({ type }) => type)).toEqual([
        'deal.updated',
        'deal.assigned',
        'deal.updated',
        'deal.stage_changed',
        'deal.updated',
      ]);
      expect(events.map(({ stream_version }) => stream_version)).toEqual([2, 3, 4, 5, 6]);
      const entries = (await crm.journal(deal.id)).slice(1);
      expect(entries.map(({ body: text }) => text)).toEqual([
        'Deal changed: title',
        'Deal assigned',
        'Stage changed from qualification to closedWon',
      ]);
      expect(await lead.get(`/deals/${deal.id}/journal/verify`)).toMatchObject({ body: { valid: true, entries: 4 } });
    });

    it.each([
      ['stage and status of different stages', { stage: 'proposal', status: 'won' }, 422, 'validation_failed'],
      ['a reason without a stage', { reason: 'x' }, 422, 'validation_failed'],
      ['a reason for another stage', { stage: 'proposal', reason: 'x' }, 400, 'reason_not_applicable'],
      ['an assignment by a seller', { title: 'X', owner_id: '0a000000-0000-4000-8000-000000000001' }, 403, 'forbidden'],
      ['an unknown status', { status: 'open' }, 422, 'validation_failed'],
    ])('of a deal refuses %s and changes nothing', async (_what, body, status, code) => {
      const before = await versions();
      expect(await seller.patch(`/deals/${deal.id}`, body)).toMatchObject({ status, code });
      expect(await versions()).toBe(before);
    });

    it('of a policy activates a draft, and takes the present status', async () => {
      const draft = await addPolicy(seller, { deal_id: deal.id, policy_number: null });
      const path = `/policies/${draft.id}`;
      const incomplete = { status: 400, code: 'policy_incomplete' };
      expect(await seller.patch(path, { status: 'active' })).toMatchObject(incomplete);
      const whole = { status: 'active', policy_number: policyNumber() };
      expect(await seller.patch(path, whole)).toMatchObject({ status: 200, body: { status: 'active', version: 2 } });
      expect(await seller.patch(path, { status: 'active' })).toMatchObject({ status: 200, body: { version: 2 } });
      const refused = { status: 422, code: 'validation_failed', body: { errors: [{ pointer: '/status' }] } };
      for (const status of ['draft', 'closed']) expect(await seller.patch(path, { status })).toMatchObject(refused);
    });

    it('of a payment cancels it with its other changes, and takes the present status', async () => {
      const payment = await addPayment();
      const path = pathOf(payment);
      expect(await seller.patch(path, { status: 'scheduled' })).toMatchObject({ status: 200, body: { version: 1 } });
      expect(await seller.patch(path, { status: 'paid' })).toMatchObject({ status: 422, code: 'validation_failed' });
      const cancellation = { status: 'cancelled', comment: 'double' };
      expect(await seller.patch(path, cancellation)).toMatchObject({ status: 403, code: 'forbidden' });
      const answer = await finance.patch<PaymentView>(path, cancellation);
      expect(answer).toMatchObject({ status: 200, body: { ...cancellation, version: 2 } });
      expect(await seller.patch(path, { status: 'cancelled' })).toMatchObject({ status: 200, body: { version: 2 } });
    });
  });

  it('publishes the members of a note beside its entry, and who deleted a line inside the line', async () => {
    const note = await seller.post<{ id: string }>(`/deals/${deal.id}/journal`, { body: 'Called the client.' });
    expect(note).toMatchObject({ status: 201 });
    const [noted] = (await crm.events(`deals/${deal.id}`)).slice(-1);
    const facts = { author_id: seller.id, body: 'Called the client.', created_at: crm.clock.now() };
    expect(noted).toMatchObject({ type: 'deal.journal.appended', data: { ...facts, entry: facts } });
    const payment = await addPayment();
    for (const kind of ['income', 'expense']) {
      const body = { amount: '10.00', category: 'premium', posted_at: '2026-01-10' };
      const line = await seller.post<{ id: string }>(`${pathOf(payment)}/${kind}s`, body);
      expect(await seller.delete(`${pathOf(payment)}/${kind}s/${line.body.id}`)).toMatchObject({ status: 204 });
      const [deleted] = (await crm.events(`deals/${deal.id}`)).slice(-2);
      const deletion = { deleted_at: crm.clock.now(), deleted_by_id: seller.id };
      expect(deleted).toMatchObject({
        type: `deal.payment.${kind}.deleted`,
        data: { ...deletion, [kind]: { id: line.body.id, ...deletion } },
      });
    }
  });
});
