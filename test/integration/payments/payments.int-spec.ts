import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed, type LoggedRow } from '../../support/crm.js';
import { addLine, addPayment, pathOf, PLANNED } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

let crm: Crm;
let seller: TestUser;
let finance: TestUser;
let deal: DealView;
let policy: PolicyView;

beforeAll(async () => {
  crm = await Crm.start();
  finance = crm.user('finance');
});
afterAll(() => crm.stop());
beforeEach(async () => {
  seller = crm.user('seller');
  deal = await crm.deal(seller);
  policy = await addPolicy(seller, { deal_id: deal.id });
});

describe.each([
  { routes: 'the routes of the deal', at: () => `/deals/${deal.id}/payments`, named: () => ({ policy_id: policy.id }) },
  {
    routes: 'the routes of the policy',
    at: () => `/deals/${deal.id}/policies/${policy.id}/payments`,
    named: () => ({}),
  },
])('payments through $routes', ({ at, named }) => {
  it('have correct totals after each step, with journal entries and events', async () => {
    const before = (await crm.events(`deals/${deal.id}`)).length;
    const added = await seller.post<PaymentView>(at(), { ...PLANNED, ...named() });
    expect(added.status).toBe(201);
    expect(added.body).toEqual({
      ...PLANNED,
      id: expect.any(String),
      deal_id: deal.id,
      policy_id: policy.id,
      sequence: 1,
      status: 'scheduled',
      comment: null,
      actual_date: null,
      incomes_total: '0.00',
      expenses_total: '0.00',
      net_total: '0.00',
      recorded_by_id: null,
      created_by_id: seller.id,
      updated_by_id: seller.id,
      version: 1,
      is_deleted: false,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
    });
    const payment = `${at()}/${added.body.id}`;
    expect(added.headers).toMatchObject({ etag: '"1"', location: `/api/v1${payment}` });
    const state = async (): Promise<PaymentView> => (await seller.get<PaymentView>(payment)).body;
    expect(await state()).toEqual(added.body);

    const income = { category: 'premium', posted_at: '2026-03-02' };
    const first = await seller.post<PaymentLineView>(`${payment}/incomes`, { ...income, amount: '400.00' });
    expect(first).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    expect(first.body).toEqual({
      ...income,
      id: expect.any(String),
      payment_id: added.body.id,
      amount: '400.00',
      currency: 'RUB',
      nature: 'premium',
      note: null,
      created_by_id: seller.id,
      updated_by_id: seller.id,
      version: 1,
      is_deleted: false,
      created_at: crm.clock.now(),
      updated_at: crm.clock.now(),
    });
    expect(await state()).toMatchObject({ status: 'partially_paid', incomes_total: '400.00', version: 2 });

    await seller.post(`${payment}/incomes`, { ...income, amount: '700.00', currency: ' rub ' });
    expect(await state()).toMatchObject({ status: 'paid', incomes_total: '1100.00', net_total: '1100.00' });

    const expense = { category: 'discount', posted_at: '2026-03-02', amount: '100.00' };
    const { body: discount } = await seller.post<PaymentLineView>(`${payment}/expenses`, expense);
    expect(await state()).toMatchObject({ status: 'paid', expenses_total: '100.00', net_total: '1000.00' });

    expect(await seller.delete(`${payment}/expenses/${discount.id}`)).toMatchObject({ status: 204 });
    expect(await state()).toMatchObject({ status: 'paid', expenses_total: '0.00', net_total: '1100.00', version: 5 });

    expect(await seller.delete(payment)).toMatchObject({ status: 409, body: { code: 'payment_has_transactions' } });
    expect(await seller.post(`${payment}/cancel`)).toMatchObject({ status: 403 });
    expect(await finance.post(`${payment}/cancel`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await state()).toMatchObject({ status: 'cancelled', net_total: '1100.00', updated_by_id: finance.id });
    expect(await seller.post(`${payment}/incomes`, { ...income, amount: '1.00' })).toMatchObject({
      status: 409,
      body: { code: 'payment_cancelled' },
    });

    const events = (await crm.events(`deals/${deal.id}`)).slice(before);
    expect(events.map(({ type, data }) => [type, totals(data)])).toEqual([
      ['deal.payment.created', 'scheduled 0.00-0.00=0.00 v1'],
      ['deal.payment.income.created', undefined],
      ['deal.payment.updated', 'partially_paid 400.00-0.00=400.00 v2'],
      ['deal.payment.income.created', undefined],
      ['deal.payment.updated', 'paid 1100.00-0.00=1100.00 v3'],
      ['deal.payment.expense.created', undefined],
      ['deal.payment.updated', 'paid 1100.00-100.00=1000.00 v4'],
      ['deal.payment.expense.deleted', undefined],
      ['deal.payment.updated', 'paid 1100.00-0.00=1100.00 v5'],
      ['deal.payment.updated', 'cancelled 1100.00-0.00=1100.00 v6'],
    ]);
    const ids = { deal_id: deal.id, client_id: deal.client_id, policy_id: policy.id, payment_id: added.body.id };
    for (const { data } of events) expect(data).toMatchObject(ids);
    expect(events[1]!.data).toEqual({
      ...ids,
      income_id: first.body.id,
      income: { income_id: first.body.id, ...first.body },
    });
    expect(events[2]!.data).toMatchObject({
      changed: expect.arrayContaining(['status', 'incomes_total', 'net_total']),
      previous: { status: 'scheduled', incomes_total: '0.00', net_total: '0.00' },
    });
    expect(events[7]!.data).toMatchObject({
      expense_id: discount.id,
      expense: { ...discount, expense_id: discount.id, version: 2, is_deleted: true },
      deleted_at: crm.clock.now(),
      deleted_by_id: seller.id,
    });
    expect(events[9]!.data.payment).toEqual(await state());
    await expectJournal([
      ['Payment added', { payment_id: added.body.id, before: null, after: added.body }],
      [
        'Income added',
        {
          payment_id: added.body.id,
          income_id: first.body.id,
          before: null,
          after: first.body,
          payment: {
            before: { status: 'scheduled', incomes_total: '0.00', net_total: '0.00' },
            after: { status: 'partially_paid', incomes_total: '400.00', net_total: '400.00' },
          },
        },
      ],
      [
        'Income added',
        {
          payment: {
            before: { status: 'partially_paid', incomes_total: '400.00', net_total: '400.00' },
            after: { status: 'paid', incomes_total: '1100.00', net_total: '1100.00' },
          },
        },
      ],
      ['Expense added', { expense_id: discount.id, before: null, after: discount }],
      ['Expense deleted', { expense_id: discount.id, before: discount, after: null }],
      ['Payment cancelled', { before: { status: 'paid' }, after: { status: 'cancelled' } }],
    ]);
  });
});

function totals(data: LoggedRow['data']): string | undefined {
  const payment = data.payment as PaymentView | undefined;
  if (!payment) return undefined;
  const { status, incomes_total, expenses_total, net_total, version } = payment;
  return `${status} ${incomes_total}-${expenses_total}=${net_total} v${version}`;
}

/** Compares the journal after the draft of the policy: bodies and data of the entries, and the valid chain. */
async function expectJournal(expected: readonly (readonly [string, object])[]): Promise<void> {
  const { body } = await seller.get<Listed<{ body: string; data: object }>>(`/deals/${deal.id}/journal`);
  const entries = body.items.slice(2);
  expect(entries.map((entry) => entry.body)).toEqual(expected.map(([text]) => text));
  for (const [index, [, data]] of expected.entries()) expect(entries[index]!.data).toMatchObject(data);
  expect(await seller.get(`/deals/${deal.id}/journal/verify`)).toMatchObject({ body: { valid: true } });
}

const [OWNER, EXECUTOR] = [newId(), newId()];

it.each([
  [{ owner_id: OWNER, executor_id: EXECUTOR }, [OWNER, null, EXECUTOR]],
  [{ owner_id: OWNER, executor_id: OWNER }, [OWNER, null, OWNER]],
  [{ owner_id: OWNER, executor_id: null }, [OWNER, null]],
  [{ owner_id: null, executor_id: EXECUTOR }, [null, EXECUTOR]],
  [{ owner_id: null, executor_id: null }, []],
])('a line publishes events to the members of its deal: %#', async (members, audience) => {
  const { id } = await crm.deal(crm.user('lead'), members);
  const planned = await finance.post<PaymentView>(`/deals/${id}/payments`, PLANNED);
  await addLine(finance, planned.body, 'incomes');
  const events = (await crm.events(`deals/${id}`)).slice(-2);
  expect(events.map(({ type }) => type)).toEqual(['deal.payment.income.created', 'deal.payment.updated']);
  for (const event of events) expect(event.audience).toEqual(audience);
});

it('a change of a line sets the given fields, null too, and no others', async () => {
  const payment = await addPayment(seller, deal);
  const before = await addLine(seller, payment, 'incomes', { note: 'Первый взнос' });
  const path = `${pathOf(payment)}/incomes/${before.id}`;
  const changes: readonly (readonly [given: object, follows?: object])[] = [
    [{ posted_at: '2026-02-27' }],
    [{ category: 'Комиссия' }, { nature: 'commission' }],
    [{ amount: '500.00' }],
    [{ note: 'Второй взнос' }],
    [{ note: null }],
  ];
  let expected = before;
  for (const [given, follows] of changes) {
    expected = { ...expected, ...given, ...follows, version: expected.version + 1 };
    expect(await seller.patch(path, given)).toMatchObject({ status: 200, body: expected });
  }
  // Reads the stored values by an empty change.
  expect(await seller.patch(path, {})).toMatchObject({ status: 200, body: expected });
});

it('lines of different deals that change at the same moment share transactions', async () => {
  const deals = await Promise.all(Array.from({ length: 12 }, () => crm.deal(seller)));
  const payments = await Promise.all(deals.map((one) => addPayment(seller, one)));
  /** Number of transactions that wrote the current rows of the lines. */
  const transactions = async (): Promise<number> => {
    const [row] = await crm.database.rows<{ count: number }>(
      'SELECT count(DISTINCT xmin::text)::int AS count FROM crm.payment_incomes WHERE payment_id = ANY ($1)',
      [payments.map(({ id }) => id)],
    );
    return row!.count;
  };
  const lines = await Promise.all(payments.map((payment) => addLine(seller, payment, 'incomes')));
  expect(await transactions()).toBeLessThan(payments.length);
  const paths = payments.map((payment, index) => `${pathOf(payment)}/incomes/${lines[index]!.id}`);
  const revised = await Promise.all(paths.map((path) => seller.patch<PaymentLineView>(path, { amount: '5.00' })));
  expect(revised.map(({ body }) => body.amount)).toEqual(payments.map(() => '5.00'));
  expect(await transactions()).toBeLessThan(payments.length);
  await Promise.all(paths.map((path) => seller.delete(path)));
  expect(await transactions()).toBeLessThan(payments.length);
});
