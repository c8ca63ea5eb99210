import type { DealView } from '#crm/deals/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addQuote, WHOLE_QUOTE } from '../../support/sale.js';

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

const path = (quote: QuoteView): string => `/deals/${quote.deal_id}/quotes/${quote.id}`;
const read = async (quote: QuoteView): Promise<QuoteView> => (await seller.get<QuoteView>(path(quote))).body;

describe('bad input', () => {
  it.each([
    ['a name of 10,000 characters', { insurance_company: 'x'.repeat(10_000) }, 422, 'validation_failed', 'too_long'],
    ['a blank name', { insurance_company: '  ' }, 422, 'validation_failed', 'too_short'],
    ['NUL', { insurance_company: 'Ин\u0000гос' }, 422, 'invalid_characters', 'invalid_characters'],
    ['half a surrogate pair', { comments: 'половина \ud800' }, 422, 'invalid_characters', 'invalid_characters'],
    ['negative money', { premium_amount: '-1.00' }, 422, 'validation_failed', 'not_money'],
    ['no money', { premium_amount: '0.00' }, 422, 'validation_failed', 'not_money'],
    ['a third decimal', { premium_amount: '1.005' }, 422, 'amount_precision', 'amount_precision'],
    ['money as a JSON number', { premium_amount: 85_000 }, 422, 'validation_failed', 'not_money'],
    ['coverage that is no number', { coverage_sum: 'NaN' }, 422, 'validation_failed', 'not_money'],
    ['an old currency', { currency: 'RUR' }, 422, 'validation_failed', 'not_a_currency'],
    ['30 February', { calculation_date: '2026-02-30' }, 422, 'validation_failed', 'not_a_date'],
    [
      '29 February of a common year',
      { validity_period: { start: '2026-02-29', end: null } },
      422,
      'validation_failed',
      'not_a_date',
    ],
    [
      'validity with one end left out',
      { validity_period: { start: '2026-03-15' } },
      422,
      'validation_failed',
      'required',
    ],
    ['files that are no list', { files: 'один' }, 422, 'validation_failed', 'not_a_list'],
    ['a nameless file', { files: [''] }, 422, 'validation_failed', 'too_short'],
    ['101 files', { files: Array.from({ length: 101 }, () => 'f') }, 422, 'validation_failed', 'too_many'],
    ['a state', { status: 'confirmed' }, 422, 'validation_failed', 'unknown_field'],
    ['a linked policy', { linked_policy_id: UNKNOWN }, 422, 'validation_failed', 'unknown_field'],
    [
      'validity that ends before it starts',
      { validity_period: { start: '2026-03-15', end: '2026-03-14' } },
      400,
      'validity_period_reversed',
      undefined,
    ],
    [
      'more files than the limit',
      { files: Array.from({ length: 100 }, () => 'ф'.repeat(500)) },
      400,
      'files_too_long',
      undefined,
    ],
  ])('%s is refused and changes nothing', async (_name, fault, status, code, fieldCode) => {
    const quote = await addQuote(seller, deal);
    const rows = await crm.rowCounts();
    const answers = [
      await seller.post<{ errors?: { code: string }[] }>(`/deals/${deal.id}/quotes`, { ...WHOLE_QUOTE, ...fault }),
      await seller.patch<{ errors?: { code: string }[] }>(path(quote), fault),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status, code });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.body.errors?.[0]?.code).toBe(fieldCode);
    }
    expect(await crm.rowCounts()).toEqual(rows);
    expect(await read(quote)).toEqual(quote);
  });

  it('the largest possible quote is published completely', async () => {
    const files = Array.from({ length: 24 }, () => 'f'.repeat(500));
    const large = {
      files,
      comments: '😀'.repeat(2_000),
      insurance_company: '😀'.repeat(255),
    };
    const quote = await addQuote(seller, deal, { ...large, program_name: '😀'.repeat(255) });
    const answer = await seller.patch(path(quote), {
      ...large,
      files: files.toReversed().slice(1),
      comments: '😎'.repeat(2_000),
    });
    expect(answer).toMatchObject({ status: 200 });
  });

  it('of another type than JSON is not read', async () => {
    const headers = { 'content-type': 'text/plain' };
    const answer = await seller.post(`/deals/${deal.id}/quotes`, JSON.stringify(WHOLE_QUOTE), headers);
    expect(answer).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('unknown states and ids are refused', async () => {
    const quote = await addQuote(seller, deal);
    const move = `${path(quote)}/status`;
    expect(await seller.post(move, { status: 'sold' })).toMatchObject({ status: 422 });
    expect(await seller.post(move, {})).toMatchObject({ status: 422 });
    expect(await seller.post(move, { status: 'confirmed', policy_id: 'x' })).toMatchObject({ status: 422 });
    expect(await seller.get(`/deals/${deal.id}/quotes?status=sold`)).toMatchObject({ status: 422 });
    expect(await seller.get(`/deals/${deal.id}/quotes?colour=red`)).toMatchObject({ status: 422 });
    expect(await seller.get(`/deals/${deal.id}/quotes/${UNKNOWN}`)).toMatchObject({ code: 'quote_not_found' });
    expect(await seller.get(`/deals/${UNKNOWN}/quotes`)).toMatchObject({ status: 404, code: 'deal_not_found' });
    expect(await seller.get(`/deals/${deal.id}/quotes/x`)).toMatchObject({ status: expect.any(Number) });
  });
});
