import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import { newId } from '#platform/kernel';
import type { Answer, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { LINE, pathOf, PLANNED } from '../../support/money.js';
import { everythingOf, fillBook, SCHEDULE } from '../../support/books/payment-book.js';

let crm: Crm;
let before: unknown;
let seller: TestUser;
let deal: DealView;
let empty: PaymentView;
let busy: PaymentView;
let income: PaymentLineView;

beforeAll(async () => {
  crm = await Crm.start();
  ({ seller, deal, empty, busy, income } = await fillBook(crm));
});
afterAll(() => crm.stop());
beforeEach(async () => {
  before = await everythingOf(crm);
});
afterEach(async () => expect(await everythingOf(crm)).toEqual(before));

function expectFault(answer: Answer<unknown>, pointer: string, code: string): void {
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer, code }] } });
  expect(answer.headers['content-type']).toBe('application/problem+json');
}

const payments = (): string => `/deals/${deal.id}/payments`;
const incomes = (): string => `${pathOf(empty)}/incomes`;

const NOT_MONEY = 'not_money';
const NO_MONEY: readonly (readonly [string, unknown, string])[] = [
  ['a third decimal', '1.005', 'amount_precision'],
  ['a third decimal that is nothing', '1.000', 'amount_precision'],
  ['an exponent', '1e3', NOT_MONEY],
  ['no number', 'NaN', NOT_MONEY],
  ['no end', 'Infinity', NOT_MONEY],
  ['less than nothing', '-1', NOT_MONEY],
  ['nothing', '0', NOT_MONEY],
  ['nothing with decimals', '0.00', NOT_MONEY],
  ['15 digits', '100000000000000', NOT_MONEY],
  ['13 digits before the point', '1000000000000.00', NOT_MONEY],
  ['a JSON number', 400, NOT_MONEY],
  ['a broken JSON number', 0.1, NOT_MONEY],
  ['a comma', '1,00', NOT_MONEY],
  ['groups', '1 000.00', NOT_MONEY],
  ['a sign', '+1.00', NOT_MONEY],
  ['a currency beside it', '1.00 RUB', NOT_MONEY],
  ['hexadecimal', '0x10', NOT_MONEY],
  ['digits of another script', '٤٠٠', NOT_MONEY],
  ['a line end', '400.00\n', NOT_MONEY],
  ['blanks', ' 400.00 ', NOT_MONEY],
  ['an empty text', '', NOT_MONEY],
  ['a list', ['400.00'], NOT_MONEY],
];

describe.each(NO_MONEY)('an amount that is %s', (_what, amount, code) => {
  it('is refused in every field for an amount', async () => {
    expectFault(await seller.post(payments(), { ...PLANNED, planned_amount: amount }), '/planned_amount', code);
    expectFault(await seller.patch(pathOf(empty), { planned_amount: amount }), '/planned_amount', code);
    expectFault(await seller.post(`${payments()}/schedule`, { ...SCHEDULE, amount }), '/amount', code);
    for (const lines of ['incomes', 'expenses']) {
      expectFault(await seller.post(`${pathOf(empty)}/${lines}`, { ...LINE, amount }), '/amount', code);
    }
    expectFault(await seller.patch(`${pathOf(busy)}/incomes/${income.id}`, { amount }), '/amount', code);
  });
});

describe('an invalid request', () => {
  it.each<[string, object, string, string]>([
    ['an unknown currency', { currency: 'XXZ' }, '/currency', 'not_a_currency'],
    ['a currency that was', { currency: 'RUR' }, '/currency', 'not_a_currency'],
    ['no currency', { currency: undefined }, '/currency', 'required'],
    ['no amount', { planned_amount: undefined }, '/planned_amount', 'required'],
    ['null for an amount', { planned_amount: null }, '/planned_amount', 'null_not_allowed'],
    ['no day', { planned_date: undefined }, '/planned_date', 'required'],
    ['30 February', { planned_date: '2026-02-30' }, '/planned_date', 'not_a_date'],
    ['an instant for a day', { actual_date: '2026-03-01T00:00:00Z' }, '/actual_date', 'not_a_date'],
    ['a comment of 501 characters', { comment: 'Ж'.repeat(501) }, '/comment', 'too_long'],
    ['NUL in a comment', { comment: 'взнос\u0000' }, '/comment', 'invalid_characters'],
    ['a status', { status: 'paid' }, '/status', 'unknown_field'],
    ['a total', { incomes_total: '5.00' }, '/incomes_total', 'unknown_field'],
    ['a sequence', { sequence: 7 }, '/sequence', 'unknown_field'],
    ['a malformed policy', { policy_id: 'П-1' }, '/policy_id', 'not_a_uuid'],
  ])('does not plan a payment: %s', async (_what, facts, pointer, code) => {
    expectFault(await seller.post(payments(), { ...PLANNED, ...facts }), pointer, code);
  });

  it.each<[string, object, string, string]>([
    ['another status than cancelled', { status: 'paid' }, '/status', 'not_one_of'],
    ['no status', { status: null }, '/status', 'null_not_allowed'],
    ['another policy', { policy_id: newId() }, '/policy_id', 'policy_mismatch'],
    ['another deal', { deal_id: newId() }, '/deal_id', 'deal_mismatch'],
    ['null for the planned day', { planned_date: null }, '/planned_date', 'null_not_allowed'],
    ['a comment of 501 characters', { comment: 'Ж'.repeat(501) }, '/comment', 'too_long'],
  ])('changes nothing: %s', async (_what, facts, pointer, code) => {
    expectFault(await seller.patch(pathOf(empty), facts), pointer, code);
  });

  it.each<[string, object, string, string]>([
    ['a category of 65 characters', { category: 'x'.repeat(65) }, '/category', 'too_long'],
    ['a blank category', { category: '  ' }, '/category', 'too_short'],
    ['no category', { category: undefined }, '/category', 'required'],
    ['NUL in a category', { category: 'pre\u0000mium' }, '/category', 'invalid_characters'],
    ['a note of 301 characters', { note: 'x'.repeat(301) }, '/note', 'too_long'],
    ['NUL in a note', { note: '\u0000' }, '/note', 'invalid_characters'],
    ['no day', { posted_at: undefined }, '/posted_at', 'required'],
    ['an instant for a day', { posted_at: '2026-03-01T10:00:00Z' }, '/posted_at', 'not_a_date'],
    ['a nature', { nature: 'premium' }, '/nature', 'unknown_field'],
    ['a number for a currency', { currency: 643 }, '/currency', 'not_a_string'],
  ])('does not add a line: %s', async (_what, facts, pointer, code) => {
    expectFault(await seller.post(incomes(), { ...LINE, ...facts }), pointer, code);
  });

  it.each<[string, object, string, string]>([
    ['no instalments', { instalments: 0 }, '/instalments', 'out_of_range'],
    ['121 of them', { instalments: 121 }, '/instalments', 'out_of_range'],
    ['half of one', { instalments: 1.5 }, '/instalments', 'not_an_integer'],
    ['another interval', { every: 'day' }, '/every', 'not_one_of'],
    ['no first day', { first_date: undefined }, '/first_date', 'required'],
  ])('does not create a schedule: %s', async (_what, facts, pointer, code) => {
    expectFault(await seller.post(`${payments()}/schedule`, { ...SCHEDULE, ...facts }), pointer, code);
  });

  it.each([
    ['?include=lines', '?include', 'not_one_of'],
    ['?include=incomes,lines', '?include', 'not_one_of'],
    ['?include=', '?include', 'not_one_of'],
    ['?status=won', '?status', 'not_one_of'],
    ['?policy_id=7', '?policy_id', 'not_a_uuid'],
    ['?limit=0', '?limit', 'out_of_range'],
    ['?foo=1', '?foo', 'unknown_parameter'],
  ])('is refused by lists with %s', async (query, pointer, code) => {
    expectFault(await seller.get(`${payments()}${query}`), pointer, code);
  });
});
