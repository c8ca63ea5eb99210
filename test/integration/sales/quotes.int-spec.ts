import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import type { Answer, TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addQuote, moveQuote, WHOLE_QUOTE } from '../../support/sale.js';

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

describe('a quote', () => {
  it('added by the executor is a draft of that deal', async () => {
    const answer = await executor.post<QuoteView>(`/deals/${deal.id}/quotes`, {
      ...WHOLE_QUOTE,
      premium_amount: '85000.5',
      comments: 'с франшизой\n',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      ...WHOLE_QUOTE,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      deal_id: deal.id,
      owner_id: executor.id,
      premium_amount: '85000.50',
      comments: 'с франшизой\n',
      status: 'draft',
      expired: false,
      linked_policy_id: null,
      version: 1,
      is_deleted: false,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
    });
    expect(answer.headers).toMatchObject({ etag: '"1"', location: `/api/v1${path(answer.body)}` });
    expect(await read(answer.body)).toEqual(answer.body);
    const { body } = await seller.get<Listed<QuoteView>>(`/deals/${deal.id}/quotes?include_total=true`);
    expect(body).toEqual({ items: [answer.body], next_cursor: null, total: 1 });
  });

  it('requires only insurer and currency, and is calculated today by default', async () => {
    const facts = { insurance_company: 'Росгосстрах', currency: 'RUB' };
    const { status, body } = await seller.post<QuoteView>(`/deals/${deal.id}/quotes`, facts);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      calculation_date: '2026-03-02',
      program_name: null,
      premium_amount: null,
      coverage_sum: null,
      validity_period: null,
      files: [],
      comments: null,
    });
    expect(await read(body)).toEqual(body);
  });

  it('updates the given fields, and records previous and current values', async () => {
    const quote = await addQuote(seller, deal);
    const revision = { premium_amount: '79999.99', validity_period: { start: '2026-04-01', end: null }, files: [] };
    const answer = await executor.patch<QuoteView>(path(quote), revision);
    expect(answer).toMatchObject({ status: 200, body: { ...quote, ...revision, version: 2 } });
    expect(await read(quote)).toEqual(answer.body);
    const { premium_amount, validity_period, files } = quote;
    const before = { premium_amount, validity_period, files };
    expect((await crm.journal(deal.id)).at(-1)).toMatchObject({
      kind: 'system',
      author_id: executor.id,
      body: 'Quote changed: premium_amount, validity_period, files',
      data: { quote_id: quote.id, before, after: revision },
    });
    expect((await crm.events(`deals/${deal.id}`)).at(-1)).toMatchObject({
      type: 'deal.quote.updated',
      actor_id: executor.id,
      deal_id: deal.id,
      client_id: deal.client_id,
      data: { deal_id: deal.id, client_id: deal.client_id, quote_id: quote.id, quote: answer.body, previous: before },
    });
  });

  it('records nothing when no value changes', async () => {
    const quote = await addQuote(seller, deal);
    const rows = await crm.rowCounts();
    expect(await seller.patch<QuoteView>(path(quote), WHOLE_QUOTE)).toMatchObject({ status: 200, body: quote });
    expect(await crm.rowCounts()).toEqual(rows);
  });

  it('may be valid to the last day of the calendar', async () => {
    const validity_period = { start: '2026-03-15', end: '9999-12-31' };
    const quote = await addQuote(seller, deal, { validity_period });
    expect(await read(quote)).toMatchObject({ validity_period, expired: false });
    await moveQuote(seller, quote, ['ready']);
    expect(await read(quote)).toMatchObject({ validity_period, status: 'ready' });
  });

  it('is expired from the day after its validity', async () => {
    const [past, last] = await Promise.all(
      ['2026-03-01', '2026-03-02'].map((end) => addQuote(seller, deal, { validity_period: { start: null, end } })),
    );
    expect([past!.expired, last!.expired]).toEqual([true, false]);
    expect([(await read(past!)).expired, (await read(last!)).expired]).toEqual([true, false]);
  });

  it('is changed only with the current version', async () => {
    const quote = await addQuote(seller, deal);
    await seller.patch(path(quote), { comments: 'первый' });
    const stale = { 'if-match': '"1"' };
    expect(await seller.patch(path(quote), { comments: 'второй' }, stale)).toMatchObject({ status: 412 });
    expect(await seller.post(`${path(quote)}/status`, { status: 'ready' }, stale)).toMatchObject({ status: 412 });
    expect(await seller.delete(path(quote), stale)).toMatchObject({ status: 412, code: 'version_mismatch' });
    expect(await read(quote)).toMatchObject({ comments: 'первый', version: 2 });
  });

  it('is not found after its deletion, and is unlinked from its policy', async () => {
    const quote = await moveQuote(seller, await addQuote(seller, deal), ['ready', 'confirmed']);
    const { body: policy } = await seller.post<PolicyView>(`${path(quote)}/policy`);
    expect(await executor.delete(path(quote))).toMatchObject({ status: 403 });
    expect(await seller.delete(path(quote))).toMatchObject({ status: 204 });
    expect(await seller.get(path(quote))).toMatchObject({ status: 404, code: 'quote_not_found' });
    expect((await seller.get<Listed<QuoteView>>(`/deals/${deal.id}/quotes`)).body.items).toEqual([]);
    expect((await seller.get<PolicyView>(`/policies/${policy.id}`)).body.quote_id).toBeNull();
    const events = (await crm.events(`deals/${deal.id}`)).slice(-2);
    expect(events.map(({ type }) => type)).toEqual(['deal.policy.updated', 'deal.quote.deleted']);
    expect(events[0]!.data).toMatchObject({ changed: ['quote_id'], previous: { quote_id: quote.id } });
    expect(events[1]!.data).toMatchObject({
      deleted_at: crm.clock.now(),
      deleted_by_id: seller.id,
      quote: { is_deleted: true },
    });
  });

  it('can be deleted by PATCH too', async () => {
    const quote = await addQuote(seller, deal);
    expect(await seller.patch<QuoteView>(path(quote), { is_deleted: true })).toMatchObject({
      status: 200,
      body: { is_deleted: true, version: 2 },
    });
    expect(await seller.get(path(quote))).toMatchObject({ status: 404 });
  });

  it('publishes events to the members of its deal', async () => {
    await addQuote(seller, deal);
    const [created] = (await crm.events(`deals/${deal.id}`)).filter(({ type }) => type === 'deal.quote.created');
    expect(created!.audience).toEqual([seller.id, null, executor.id]);
    expect(created).toMatchObject({ journal_seq: 2, stream_version: 2 });
    expect((await crm.journal(deal.id)).at(-1)).toMatchObject({ body: 'Quote added', data: { before: null } });
  });
});

describe('the list of quotes', () => {
  it('is filtered by status, insurer and day of calculation', async () => {
    const early = await addQuote(seller, deal, { insurance_company: 'Альфа', calculation_date: '2026-02-01' });
    const late = await addQuote(seller, deal, { insurance_company: 'Росгосстрах', calculation_date: '2026-02-20' });
    await moveQuote(seller, late, ['ready']);
    const ids = async (query: string): Promise<string[]> =>
      (await seller.get<Listed<QuoteView>>(`/deals/${deal.id}/quotes?${query}`)).body.items.map(({ id }) => id);
    expect(await ids('')).toEqual([early.id, late.id]);
    expect(await ids('status=draft')).toEqual([early.id]);
    expect(await ids('status=ready')).toEqual([late.id]);
    expect(await ids(`insurance_company=${encodeURIComponent('альфа')}`)).toEqual([early.id]);
    expect(await ids('calculation_date_from=2026-02-20')).toEqual([late.id]);
    expect(await ids('calculation_date_to=2026-02-19')).toEqual([early.id]);
    expect(await ids('calculation_date_from=2026-02-01&calculation_date_to=2026-02-01')).toEqual([early.id]);
  });

  it('contains each quote once over all pages', async () => {
    const quotes = [];
    for (let n = 0; n < 5; n += 1) quotes.push((await addQuote(seller, deal)).id);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = `/deals/${deal.id}/quotes?limit=2${cursor && `&cursor=${cursor}`}`;
      const answer: Answer<Listed<QuoteView>> = await seller.get(page);
      seen.push(...answer.body.items.map(({ id }) => id));
      cursor = answer.body.next_cursor;
    }
    expect(seen).toEqual(quotes);
  });
});

describe('the comparison', () => {
  it('lists ready and confirmed quotes, the cheapest of each currency first', async () => {
    await addQuote(seller, deal, { premium_amount: '1.00' });
    const dear = await addQuote(seller, deal, { premium_amount: '100000.00', coverage_sum: '3500000.00' });
    const cheap = await addQuote(seller, deal, { premium_amount: '85000.00', coverage_sum: '3400000.00' });
    const bare = await addQuote(seller, deal, { premium_amount: '90000.00', coverage_sum: null });
    const foreign = await addQuote(seller, deal, {
      premium_amount: '900.00',
      coverage_sum: '30000.00',
      currency: 'EUR',
    });
    const archived = await addQuote(seller, deal, { premium_amount: '2.00' });
    for (const quote of [dear, bare, foreign]) await moveQuote(seller, quote, ['ready']);
    await moveQuote(seller, cheap, ['ready', 'confirmed']);
    await moveQuote(seller, archived, ['ready', 'archived']);
    const { status, body } = await seller.get<Listed<object>>(`/deals/${deal.id}/quotes/compare`);
    expect(status).toBe(200);
    const same = {
      insurance_company: 'Ингосстрах',
      program_name: 'КАСКО Премиум',
      validity_period: WHOLE_QUOTE.validity_period,
      calculation_date: '2026-03-01',
    };
    const line = (quote: QuoteView, state: string, comparison: object): object => ({
      ...same,
      quote_id: quote.id,
      status: state,
      currency: quote.currency,
      premium_amount: quote.premium_amount,
      coverage_sum: quote.coverage_sum,
      ...comparison,
    });
    expect(body.items).toEqual([
      line(foreign, 'ready', { per_mille: '30.000', premium_difference: '0.00', coverage_difference: '0.00' }),
      line(cheap, 'confirmed', { per_mille: '25.000', premium_difference: '0.00', coverage_difference: '100000.00' }),
      line(bare, 'ready', { per_mille: null, premium_difference: '5000.00', coverage_difference: null }),
      line(dear, 'ready', { per_mille: '28.571', premium_difference: '15000.00', coverage_difference: '0.00' }),
    ]);
  });
});
