import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import type { Answer, TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { LINE, pathOf, PLANNED } from '../../support/money.js';
import { everythingOf, fillBook, SCHEDULE } from '../../support/books/payment-book.js';

/** 2 March in Moscow; see {@link Crm}. */
const TOMORROW = '2026-03-03';

let crm: Crm;
let before: unknown;
let seller: TestUser;
let finance: TestUser;
let deal: DealView;
let policy: PolicyView;
let foreignPolicy: PolicyView;
let empty: PaymentView;
let busy: PaymentView;
let cancelled: PaymentView;
let deleted: PaymentView;
let foreign: PaymentView;
let income: PaymentLineView;
let deletedIncome: PaymentLineView;

beforeAll(async () => {
  crm = await Crm.start();
  const book = await fillBook(crm);
  ({ seller, finance, deal, policy, foreignPolicy, empty, busy } = book);
  ({ cancelled, deleted, foreign, income, deletedIncome } = book);
});
afterAll(() => crm.stop());
beforeEach(async () => {
  before = await everythingOf(crm);
});
afterEach(async () => expect(await everythingOf(crm)).toEqual(before));

const payments = (): string => `/deals/${deal.id}/payments`;
const incomes = (): string => `${pathOf(empty)}/incomes`;

describe('a request that breaks a rule', () => {
  it.each<[string, () => Promise<Answer<unknown>>, number, string]>([
    [
      'a line in another currency',
      () => seller.post(incomes(), { ...LINE, currency: 'USD' }),
      400,
      'currency_mismatch',
    ],
    ['a line in no currency', () => seller.post(incomes(), { ...LINE, currency: 'рубль' }), 400, 'currency_mismatch'],
    [
      'a line changed to another currency',
      () => seller.patch(`${pathOf(busy)}/incomes/${income.id}`, { currency: 'USD' }),
      400,
      'currency_mismatch',
    ],
    [
      'money posted tomorrow',
      () => seller.post(incomes(), { ...LINE, posted_at: TOMORROW }),
      400,
      'posted_at_in_future',
    ],
    [
      'a line changed to tomorrow',
      () => seller.patch(`${pathOf(busy)}/incomes/${income.id}`, { posted_at: TOMORROW }),
      400,
      'posted_at_in_future',
    ],
    [
      'paid tomorrow',
      () => seller.post(payments(), { ...PLANNED, actual_date: TOMORROW }),
      400,
      'actual_date_in_future',
    ],
    [
      'paid tomorrow, later',
      () => seller.patch(pathOf(empty), { actual_date: TOMORROW }),
      400,
      'actual_date_in_future',
    ],
    [
      'confirmed for tomorrow',
      () => finance.post(`${pathOf(empty)}/confirm`, { actual_date: TOMORROW }),
      400,
      'actual_date_in_future',
    ],
    [
      'paid before it was planned, at once',
      () => seller.post(payments(), { ...PLANNED, actual_date: '2026-02-28' }),
      400,
      'actual_date_before_planned_date',
    ],
    [
      'paid before it was planned',
      () => seller.patch(pathOf(empty), { actual_date: '2026-02-28' }),
      400,
      'actual_date_before_planned_date',
    ],
    [
      'confirmed before it was planned',
      () => finance.post(`${pathOf(empty)}/confirm`, { actual_date: '2026-02-28' }),
      400,
      'actual_date_before_planned_date',
    ],
    [
      'an income of a cancelled payment',
      () => seller.post(`${pathOf(cancelled)}/incomes`, LINE),
      409,
      'payment_cancelled',
    ],
    ['an expense of one', () => seller.post(`${pathOf(cancelled)}/expenses`, LINE), 409, 'payment_cancelled'],
    ['a change of one', () => seller.patch(pathOf(cancelled), { comment: 'x' }), 409, 'payment_cancelled'],
    ['confirming one', () => finance.post(`${pathOf(cancelled)}/confirm`, {}), 409, 'payment_cancelled'],
    ['cancelling twice', () => finance.post(`${pathOf(cancelled)}/cancel`), 409, 'payment_cancelled'],
    [
      'a change with the present status of one',
      () => finance.patch(pathOf(cancelled), { status: 'cancelled', comment: 'x' }),
      409,
      'payment_cancelled',
    ],
    [
      'another currency with lines',
      () => seller.patch(pathOf(busy), { currency: 'USD' }),
      409,
      'payment_has_transactions',
    ],
    ['deleting with lines', () => seller.delete(pathOf(busy)), 409, 'payment_has_transactions'],
    [
      'deleting with lines by PATCH',
      () => seller.patch(pathOf(busy), { is_deleted: true }),
      409,
      'payment_has_transactions',
    ],
    ['a deal with payments', () => seller.delete(`/deals/${deal.id}`), 409, 'deal_has_payments'],
    [
      "another deal's policy",
      () => seller.post(payments(), { ...PLANNED, policy_id: foreignPolicy.id }),
      404,
      'policy_not_found',
    ],
    [
      "another deal's policy in the path",
      () => seller.post(`/deals/${deal.id}/policies/${foreignPolicy.id}/payments`, PLANNED),
      404,
      'policy_not_found',
    ],
    [
      "another deal's policy in the path of a list",
      () => seller.get(`/deals/${deal.id}/policies/${foreignPolicy.id}/payments`),
      404,
      'policy_not_found',
    ],
    [
      "another deal's policy in the path of a line",
      () => seller.post(`/deals/${deal.id}/policies/${foreignPolicy.id}/payments/${empty.id}/incomes`, LINE),
      404,
      'policy_not_found',
    ],
    [
      'a schedule of a policy of another deal',
      () => seller.post(`${payments()}/schedule`, { ...SCHEDULE, policy_id: foreignPolicy.id }),
      404,
      'policy_not_found',
    ],
    ['no policy at all', () => seller.post(payments(), { ...PLANNED, policy_id: newId() }), 404, 'policy_not_found'],
    [
      'two policies',
      () => seller.post(`/deals/${deal.id}/policies/${policy.id}/payments`, { ...PLANNED, policy_id: newId() }),
      422,
      'policy_mismatch',
    ],
    [
      'two policies in a list',
      () => seller.get(`/deals/${deal.id}/policies/${policy.id}/payments?policy_id=${newId()}`),
      422,
      'policy_mismatch',
    ],
    ['a deleted payment', () => seller.get(pathOf(deleted)), 404, 'payment_not_found'],
    ['a change of a deleted payment', () => seller.patch(pathOf(deleted), { comment: 'x' }), 404, 'payment_not_found'],
    ['deleting twice', () => seller.delete(pathOf(deleted)), 404, 'payment_not_found'],
    ['a line of a deleted payment', () => seller.post(`${pathOf(deleted)}/incomes`, LINE), 404, 'payment_not_found'],
    ['confirming a deleted payment', () => finance.post(`${pathOf(deleted)}/confirm`, {}), 404, 'payment_not_found'],
    ['a payment of another deal', () => seller.get(`${payments()}/${foreign.id}`), 404, 'payment_not_found'],
    [
      'a line of a payment of another deal',
      () => seller.post(`${payments()}/${foreign.id}/incomes`, LINE),
      404,
      'payment_not_found',
    ],
    [
      'a payment of no policy under a policy',
      () => seller.get(`/deals/${deal.id}/policies/${policy.id}/payments/${empty.id}`),
      404,
      'payment_not_found',
    ],
    [
      'a change of one',
      () => seller.patch(`/deals/${deal.id}/policies/${policy.id}/payments/${empty.id}`, { comment: 'x' }),
      404,
      'payment_not_found',
    ],
    [
      'a line of one',
      () => seller.post(`/deals/${deal.id}/policies/${policy.id}/payments/${empty.id}/incomes`, LINE),
      404,
      'payment_not_found',
    ],
    [
      'a line of another payment',
      () => seller.patch(`${pathOf(empty)}/incomes/${income.id}`, { amount: '1.00' }),
      404,
      'income_not_found',
    ],
    [
      'an income among the expenses',
      () => seller.patch(`${pathOf(busy)}/expenses/${income.id}`, { amount: '1.00' }),
      404,
      'expense_not_found',
    ],
    [
      'a change of a deleted line',
      () => seller.patch(`${pathOf(busy)}/incomes/${deletedIncome.id}`, { amount: '1.00' }),
      404,
      'income_not_found',
    ],
    [
      'deleting a line twice',
      () => seller.delete(`${pathOf(busy)}/incomes/${deletedIncome.id}`),
      404,
      'income_not_found',
    ],
    ['a deal that is not there', () => seller.post(`/deals/${newId()}/payments`, PLANNED), 404, 'deal_not_found'],
    ['a deal of another seller', () => crm.user('seller').get(pathOf(busy)), 404, 'deal_not_found'],
    ['confirming as a seller', () => seller.post(`${pathOf(empty)}/confirm`, {}), 403, 'forbidden'],
    ['cancelling as a seller', () => seller.post(`${pathOf(empty)}/cancel`), 403, 'forbidden'],
    ['cancelling as a seller by PATCH', () => seller.patch(pathOf(empty), { status: 'cancelled' }), 403, 'forbidden'],
    ['a line as a lead', () => crm.user('lead').post(incomes(), LINE), 403, 'forbidden'],
    [
      'planning for another author',
      () => seller.post(payments(), { ...PLANNED, created_by_id: newId() }),
      403,
      'actor_mismatch',
    ],
    [
      'posting for another author',
      () => seller.post(incomes(), { ...LINE, created_by_id: newId() }),
      403,
      'actor_mismatch',
    ],
    [
      'confirming for another author',
      () => finance.post(`${pathOf(empty)}/confirm`, { recorded_by_id: newId() }),
      403,
      'actor_mismatch',
    ],
    [
      'a total above the limit',
      () => seller.post(`${pathOf(busy)}/incomes`, { ...LINE, amount: '999999999999.99' }),
      400,
      'total_too_large',
    ],
    [
      'the same with an Idempotency-Key',
      () =>
        seller.post(`${pathOf(busy)}/incomes`, { ...LINE, amount: '999999999999.99' }, { 'idempotency-key': newId() }),
      400,
      'total_too_large',
    ],
    [
      'more instalments than hundredths',
      () => seller.post(`${payments()}/schedule`, { ...SCHEDULE, amount: '0.02' }),
      400,
      'instalment_too_small',
    ],
    [
      'instalments past the year 9999',
      () => seller.post(`${payments()}/schedule`, { ...SCHEDULE, first_date: '9999-12-31' }),
      400,
      'instalment_too_late',
    ],
    [
      'the same in a dry run',
      () => seller.post(`${payments()}/schedule`, { ...SCHEDULE, first_date: '9999-12-31', dry_run: true }),
      400,
      'instalment_too_late',
    ],
    ['no id in the path', () => seller.get(`${payments()}/7`), 400, 'malformed_id'],
    ['no policy id in the path', () => seller.get(`/deals/${deal.id}/policies/7/payments`), 400, 'malformed_id'],
  ])('is refused with its code: %s', async (_what, send, status, code) => {
    const answer = await send();
    expect(answer).toMatchObject({ status, code });
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it.each<[string, (stale: Record<string, string>) => Promise<Answer<unknown>>]>([
    ['a change', (stale) => seller.patch(pathOf(empty), { comment: 'x' }, stale)],
    ['a deletion', (stale) => seller.delete(pathOf(empty), stale)],
    ['a deletion by PATCH', (stale) => seller.patch(pathOf(empty), { is_deleted: true }, stale)],
    ['a cancellation', (stale) => finance.post(`${pathOf(empty)}/cancel`, undefined, stale)],
    ['a cancellation by PATCH', (stale) => finance.patch(pathOf(empty), { status: 'cancelled' }, stale)],
    ['a confirmation', (stale) => finance.post(`${pathOf(empty)}/confirm`, {}, stale)],
    ['an income', (stale) => seller.post(incomes(), LINE, stale)],
    ['an expense', (stale) => seller.post(`${pathOf(empty)}/expenses`, LINE, stale)],
    ['a change of a line', (stale) => seller.patch(`${pathOf(busy)}/incomes/${income.id}`, { amount: '1.00' }, stale)],
    ['a deletion of a line', (stale) => seller.delete(`${pathOf(busy)}/incomes/${income.id}`, stale)],
  ])('is refused with an outdated version: %s', async (_what, send) => {
    expect(await send({ 'if-match': '"7"' })).toMatchObject({ status: 412, code: 'version_mismatch' });
  });
});
