import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import { type TestUser, until } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addPolicy, addQuote, moveQuote, policyNumber, WHOLE_QUOTE } from '../../support/sale.js';

const UNKNOWN = '00000000-0000-7000-8000-000000000000';

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

const path = (quote: QuoteView): string => `/deals/${quote.deal_id}/quotes/${quote.id}`;
const read = async (quote: QuoteView): Promise<QuoteView> => (await seller.get<QuoteView>(path(quote))).body;

describe('a policy from a quote', () => {
  it.each([
    [{ files: [] }, 'files_required_for_ready'],
    [{ program_name: null }, 'program_required_for_ready'],
    [{ premium_amount: null }, 'premium_required_for_ready'],
    [{ validity_period: null }, 'validity_period_required_for_ready'],
    [{ validity_period: { start: '2026-03-15', end: null } }, 'validity_period_required_for_ready'],
    [{ validity_period: { start: null, end: '2027-03-14' } }, 'validity_period_required_for_ready'],
  ])('is refused for a quote with %j', async (lack, code) => {
    const quote = await addQuote(seller, deal, lack);
    const rows = await crm.rowCounts();
    expect(await seller.post(`${path(quote)}/status`, { status: 'ready' })).toMatchObject({ status: 400, code });
    expect(await read(quote)).toEqual(quote);
    expect(await crm.rowCounts()).toEqual(rows);
    const whole = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    expect(await seller.patch(path(whole), lack)).toMatchObject({ status: 400, code });
    expect(await read(whole)).toEqual(whole);
  });

  it('can be an existing policy of the deal, whose empty fields are filled', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const bare = await seller.post<PolicyView>('/policies', { deal_id: deal.id, effective_from: '2026-03-20' });
    const confirmation = { status: 'confirmed', policy_id: bare.body.id };
    const answer = await seller.post<QuoteView>(`${path(quote)}/status`, confirmation);
    expect(answer).toMatchObject({ status: 200, body: { status: 'confirmed', linked_policy_id: bare.body.id } });
    expect(await read(quote)).toEqual(answer.body);
    const { body: policy } = await seller.get<PolicyView>(`/policies/${bare.body.id}`);
    expect(policy).toEqual({
      ...bare.body,
      quote_id: quote.id,
      insurance_company: 'Ингосстрах',
      premium: '85000.00',
      currency: 'RUB',
      effective_from: '2026-03-20',
      effective_to: '2027-03-14',
      version: 2,
    });
    const events = (await crm.events(`deals/${deal.id}`)).slice(-3);
    expect(events.map(({ type }) => type)).toEqual([
      'deal.policy.updated',
      'deal.quote.status.confirmed',
      'deal.quote.updated',
    ]);
    expect(events[1]!.data).toMatchObject({ from: 'ready', to: 'confirmed', policy_id: policy.id, quote: answer.body });
    const entries = (await crm.journal(deal.id)).slice(-2);
    expect(entries[0]).toMatchObject({ data: { policy_id: policy.id, before: { quote_id: null, premium: null } } });
    expect(entries[1]).toMatchObject({
      body: 'Quote confirmed',
      data: {
        quote_id: quote.id,
        before: { status: 'ready', linked_policy_id: null },
        after: { status: 'confirmed', linked_policy_id: policy.id },
      },
    });
  });

  it('retains the values of the existing policy', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const facts = { insurance_company: 'Альфа', premium: '1000.00', currency: 'EUR', effective_to: '2027-12-31' };
    const own = await addPolicy(seller, { deal_id: deal.id, ...facts });
    await moveQuote(seller, quote, ['confirmed'], { policy_id: own.id });
    expect((await seller.get<PolicyView>(`/policies/${own.id}`)).body).toEqual({
      ...own,
      quote_id: quote.id,
      version: 2,
    });
  });

  it('is unlinked when the quote is archived, and can be linked to another quote', async () => {
    const [first, second] = [await addQuote(seller, deal), await addQuote(seller, deal)];
    const policy = await addPolicy(seller, { deal_id: deal.id });
    await moveQuote(seller, first, ['ready', 'confirmed'], { policy_id: policy.id });
    await moveQuote(seller, second, ['ready']);
    const confirmation = { status: 'confirmed', policy_id: policy.id };
    expect(await seller.post(`${path(second)}/status`, confirmation)).toMatchObject({
      status: 409,
      code: 'policy_already_linked',
    });
    expect(await read(second)).toMatchObject({ status: 'ready', linked_policy_id: null });
    expect(await moveQuote(seller, first, ['archived'])).toMatchObject({ linked_policy_id: null });
    expect(await seller.post(`${path(second)}/status`, confirmation)).toMatchObject({ status: 200 });
    expect((await seller.get<PolicyView>(`/policies/${policy.id}`)).body.quote_id).toBe(second.id);
  });

  it('can only be an open policy of the same deal, linked at the confirmation', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const other = await addPolicy(seller, { deal_id: (await crm.deal(seller)).id });
    const loose = await addPolicy(seller, { client_id: deal.client_id });
    const closed = await addPolicy(seller, { deal_id: deal.id });
    await seller.post(`/policies/${closed.id}/activate`);
    expect(await seller.post(`/policies/${closed.id}/close`, { reason: 'void' })).toMatchObject({ status: 200 });
    const rows = await crm.rowCounts();
    const move = (body: object) => seller.post(`${path(quote)}/status`, body);
    for (const policy_id of [other.id, loose.id, UNKNOWN]) {
      expect(await move({ status: 'confirmed', policy_id })).toMatchObject({ status: 404, code: 'policy_not_found' });
    }
    expect(await move({ status: 'confirmed', policy_id: closed.id })).toMatchObject({ code: 'policy_closed' });
    expect(await move({ status: 'archived', policy_id: closed.id })).toMatchObject({ code: 'policy_not_applicable' });
    expect(await read(quote)).toEqual(quote);
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('is refused when the filled dates would be reversed', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const facts = { deal_id: deal.id, effective_from: '2028-01-01', effective_to: null };
    const later = await addPolicy(seller, facts);
    const answer = await seller.post(`${path(quote)}/status`, { status: 'confirmed', policy_id: later.id });
    expect(answer).toMatchObject({ status: 400, code: 'policy_dates_reversed' });
    expect(await read(quote)).toEqual(quote);
  });

  it('is drafted from a confirmed quote, once', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const early = await seller.post(`${path(quote)}/policy`);
    expect(early).toMatchObject({ status: 409, code: 'quote_not_confirmed' });
    await moveQuote(seller, quote, ['confirmed']);
    const answer = await executor.post<PolicyView>(`${path(quote)}/policy`);
    expect(answer).toMatchObject({
      status: 201,
      headers: { etag: '"1"', location: `/api/v1/policies/${answer.body.id}` },
      body: {
        client_id: deal.client_id,
        deal_id: deal.id,
        quote_id: quote.id,
        insurance_company: 'Ингосстрах',
        policy_number: null,
        premium: '85000.00',
        currency: 'RUB',
        effective_from: '2026-03-15',
        effective_to: '2027-03-14',
        owner_id: seller.id,
        status: 'draft',
        renews_policy_id: null,
      },
    });
    expect((await read(quote)).linked_policy_id).toBe(answer.body.id);
    const again = await seller.post(`${path(quote)}/policy`);
    expect(again).toMatchObject({ status: 409, code: 'quote_already_linked' });
    const [event] = (await crm.events(`deals/${deal.id}`)).slice(-1);
    expect(event).toMatchObject({ type: 'deal.policy.created', data: { policy_id: answer.body.id } });
  });
});

describe('a read-only quote', () => {
  it.each([[['ready', 'confirmed']], [['ready', 'archived']]])('has the statuses %j', async (states) => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), states);
    const answer = await seller.patch(path(quote), { comments: 'поздно' });
    expect(answer).toMatchObject({ status: 400, code: 'quote_update_forbidden' });
    expect(await read(quote)).toEqual(quote);
  });

  it('is each quote of a closed deal', async () => {
    const draft = await addQuote(seller, deal);
    const confirmed = await moveQuote(seller, await addQuote(seller, deal), ['ready', 'confirmed']);
    await seller.patch(`/deals/${deal.id}/stage`, { stage: 'closedWon' });
    const rows = await crm.rowCounts();
    const refused = { status: 409, code: 'deal_closed' };
    expect(await seller.post(`/deals/${deal.id}/quotes`, WHOLE_QUOTE)).toMatchObject(refused);
    expect(await seller.patch(path(draft), { comments: 'поздно' })).toMatchObject(refused);
    expect(await seller.post(`${path(draft)}/status`, { status: 'ready' })).toMatchObject(refused);
    expect(await seller.post(`${path(confirmed)}/policy`)).toMatchObject(refused);
    expect(await seller.delete(path(draft))).toMatchObject(refused);
    expect(await crm.rowCounts()).toEqual(rows);
  });
});

describe('the access to quotes', () => {
  it('lets the executor prepare a quote, and the seller confirm and archive it', async () => {
    const quote = await addQuote(executor, deal);
    await moveQuote(executor, quote, ['ready']);
    const refused = { status: 403, code: 'forbidden' };
    expect(await executor.post(`${path(quote)}/status`, { status: 'confirmed' })).toMatchObject(refused);
    expect(await executor.post(`${path(quote)}/status`, { status: 'archived' })).toMatchObject(refused);
    expect(await crm.user('finance').post(`${path(quote)}/status`, { status: 'confirmed' })).toMatchObject(refused);
    await moveQuote(crm.user('lead'), quote, ['confirmed']);
    await moveQuote(seller, quote, ['archived']);
  });

  it('requires access to the deal, and the path of its own deal', async () => {
    const quote = await addQuote(seller, deal);
    const otherDeal = await crm.deal(seller);
    const elsewhere = { ...quote, deal_id: otherDeal.id };
    const stranger = crm.user('seller');
    const found = async (by: TestUser, at: QuoteView): Promise<unknown[]> => [
      (await by.get(path(at))).code,
      (await by.patch(path(at), { comments: 'чужое' })).code,
      (await by.post(`${path(at)}/status`, { status: 'ready' })).code,
      (await by.post(`${path(at)}/policy`)).code,
      (await by.delete(path(at))).code,
    ];
    expect(new Set(await found(seller, elsewhere))).toEqual(new Set(['quote_not_found']));
    expect(new Set(await found(stranger, quote))).toEqual(new Set(['deal_not_found']));
    expect(await stranger.get(`/deals/${deal.id}/quotes`)).toMatchObject({ status: 404 });
    expect(await stranger.get(`/deals/${deal.id}/quotes/compare`)).toMatchObject({ status: 404 });
    expect(await read(quote)).toEqual(quote);
  });
});

describe('50 concurrent requests', () => {
  const FIFTY = Array.from({ length: 50 }, (_, index) => index);

  it('that confirm two quotes for one policy: one succeeds', async () => {
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const quotes = [await addQuote(seller, deal), await addQuote(seller, deal)];
    for (const quote of quotes) await moveQuote(seller, quote, ['ready']);
    const body = { status: 'confirmed', policy_id: policy.id };
    const answers = await Promise.all(FIFTY.map((n) => seller.post(`${path(quotes[n % 2]!)}/status`, body)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...FIFTY.slice(1).map(() => 409)]);
    const linked = await Promise.all(quotes.map(read));
    expect(linked.map(({ status }) => status).sort()).toEqual(['confirmed', 'ready']);
    const winner = linked.find(({ status }) => status === 'confirmed')!;
    expect((await seller.get<PolicyView>(`/policies/${policy.id}`)).body.quote_id).toBe(winner.id);
    expect(answers.filter(({ code }) => code === 'policy_already_linked').length).toBeGreaterThan(0);
    const confirmed = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => type.endsWith('status.confirmed'));
    expect(confirmed).toHaveLength(1);
  });

  it('that draft a policy from one quote: one succeeds', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready', 'confirmed']);
    const answers = await Promise.all(FIFTY.map(() => seller.post(`${path(quote)}/policy`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...FIFTY.slice(1).map(() => 409)]);
    expect((await seller.get<Listed<PolicyView>>(`/policies?deal_id=${deal.id}`)).body.items).toHaveLength(1);
  });

  it('that change and confirm a quote: no deadlock, and each answer equals the stored row', async () => {
    const quotes: QuoteView[] = [];
    const policies: PolicyView[] = [];
    for (let n = 0; n < 12; n += 1) {
      quotes.push(await moveQuote(seller, await addQuote(seller, deal), ['ready']));
      policies.push(await addPolicy(seller, { deal_id: deal.id }));
    }
    const answers = await Promise.all(
      quotes.flatMap((quote, n) => [
        seller.post(`${path(quote)}/status`, { status: 'confirmed', policy_id: policies[n]!.id }),
        seller.patch(path(quote), { comments: policyNumber() }),
        seller.patch(`/policies/${policies[n]!.id}`, { policy_number: policyNumber() }),
        seller.post(`${path(quote)}/status`, { status: 'archived' }),
      ]),
    );
    expect(answers.filter(({ status }) => ![200, 400, 409].includes(status))).toEqual([]);
    for (const [n, quote] of (await Promise.all(quotes.map(read))).entries()) {
      const { body: policy } = await seller.get<PolicyView>(`/policies/${policies[n]!.id}`);
      expect(quote.linked_policy_id).toBe(policy.quote_id && policy.id);
      expect(policy.quote_id).toBe(quote.status === 'confirmed' ? quote.id : null);
    }
  });

  it('that change and confirm one quote are both answered without a deadlock', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready']);
    const policy = await addPolicy(seller, { deal_id: deal.id });
    const answers = await crm.database.undone(async (client) => {
      await client.query('SELECT id FROM crm.quotes WHERE id = $1 FOR NO KEY UPDATE', [quote.id]);
      const change = seller.patch(path(quote), { comments: 'подождите' });
      await until(async () => (await waiting()) === 1);
      const confirmation = seller.post(`${path(quote)}/status`, { status: 'confirmed', policy_id: policy.id });
      await until(async () => (await waiting()) === 2);
      return [change, confirmation];
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

/** Number of this database's connections that wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await crm.database.rows<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return row!.count;
}
