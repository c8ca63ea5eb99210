import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { TestUser } from '#platform/testing';
import { csvOf, ImportHarness } from '../../support/import-harness.js';
import { addLine, addPayment, LINE, pathOf, PLANNED } from '../../support/money.js';
import { addPolicy, addQuote, policyNumber, WHOLE_POLICY, WHOLE_QUOTE } from '../../support/sale.js';

const YEN = { currency: 'JPY' };
const SCHEDULE = { instalments: 3, first_date: '2026-04-01', every: 'month' };
const TOO_EXACT = { status: 422, code: 'amount_precision' };
const NOT_SUPPORTED = { status: 422, code: 'currency_not_supported' };

let harness: ImportHarness;
let admin: TestUser;
let deal: DealView;

beforeAll(async () => {
  harness = await ImportHarness.open();
  admin = harness.admin;
  deal = await harness.crm.deal(admin);
});
afterAll(() => harness.close());

const requests: [string, (amount: string, currency: string) => ReturnType<TestUser['post']>][] = [
  ['a payment', (planned_amount, currency) => admin.post(payments(), { ...PLANNED, planned_amount, currency })],
  ['a schedule', (amount, currency) => admin.post(`${payments()}/schedule`, { ...SCHEDULE, amount, currency })],
  ['a premium', (premium_amount, currency) => quote({ premium_amount, coverage_sum: null, currency })],
  ['a cover', (coverage_sum, currency) => quote({ premium_amount: null, coverage_sum, currency })],
  [
    'a policy',
    (premium, currency) => admin.post('/policies', { ...WHOLE_POLICY, deal_id: deal.id, premium, currency }),
  ],
];
const payments = (): string => `/deals/${deal.id}/payments`;
const quote = (facts: object) => admin.post(`/deals/${deal.id}/quotes`, { ...WHOLE_QUOTE, ...facts });

describe('an amount that is invalid in its currency', () => {
  it('is refused when it is the first amount of a quote or a policy in that currency', async () => {
    const offer = await addQuote(admin, deal, { premium_amount: null, coverage_sum: null, currency: 'KWD' });
    const path = `/deals/${deal.id}/quotes/${offer.id}`;
    expect(await admin.patch(path, { premium_amount: '1.50' })).toMatchObject(NOT_SUPPORTED);
    expect(await admin.patch(path, { coverage_sum: '1.50' })).toMatchObject(NOT_SUPPORTED);
    const { id } = await addPolicy(admin, { deal_id: deal.id, premium: null, currency: 'KWD' });
    expect(await admin.patch(`/policies/${id}`, { premium: '1.50' })).toMatchObject(NOT_SUPPORTED);
  });

  it.each(requests)('is refused: %s', async (_what, request) => {
    const rows = await harness.crm.database.rows('SELECT count(*) FROM crm.journals WHERE deal_id = $1', [deal.id]);
    expect(await request('100.50', 'JPY')).toMatchObject(TOO_EXACT);
    expect(await request('100.00', 'KWD')).toMatchObject(NOT_SUPPORTED);
    expect(await request('100.00', 'CLF')).toMatchObject(NOT_SUPPORTED);
    expect(await request('1.005', 'RUB')).toMatchObject(TOO_EXACT);
    expect(await request('1.005', 'KWD')).toMatchObject({
      ...NOT_SUPPORTED,
      body: { errors: [{ pointer: '/currency', code: 'currency_not_supported' }] },
    });
    expect(await harness.crm.database.rows('SELECT count(*) FROM crm.journals WHERE deal_id = $1', [deal.id])).toEqual(
      rows,
    );
    expect((await request('100.00', 'JPY')).status).toBeLessThan(300);
  });

  it('is refused in a change of the amount or of the currency', async () => {
    const payment = await addPayment(admin, deal, { planned_amount: '10.50' });
    expect(await admin.patch(pathOf(payment), YEN)).toMatchObject(TOO_EXACT);
    expect(await admin.patch(pathOf(payment), { currency: 'KWD' })).toMatchObject(NOT_SUPPORTED);
    const { id } = await addPolicy(admin, { deal_id: deal.id, ...YEN });
    expect(await admin.patch(`/policies/${id}`, { premium: '1.50' })).toMatchObject(TOO_EXACT);
    const offer = await addQuote(admin, deal, { premium_amount: '10.50' });
    expect(await admin.patch(`/deals/${deal.id}/quotes/${offer.id}`, YEN)).toMatchObject(TOO_EXACT);
  });

  it.each(['incomes', 'expenses'] as const)('is refused in lines: %s', async (lines) => {
    const payment = await addPayment(admin, deal, { ...YEN, planned_amount: '1000' });
    const path = `${pathOf(payment)}/${lines}`;
    expect(await admin.post(path, { ...LINE, amount: '100.50' })).toMatchObject(TOO_EXACT);
    expect(await admin.post(path, { ...LINE, ...YEN, amount: '100.50' })).toMatchObject(TOO_EXACT);
    const line: PaymentLineView = await addLine(admin, payment, lines, { amount: '100' });
    expect(await admin.patch(`${path}/${line.id}`, { amount: '100.50' })).toMatchObject(TOO_EXACT);
    const { body } = await admin.get<PaymentView>(pathOf(payment));
    expect(body).toMatchObject({ [`${lines}_total`]: '100.00', version: 2 });
  });

  it('is refused in imports, row by row', async () => {
    const rows = [
      ['100.50', 'JPY'],
      ['100.00', 'KWD'],
    ] as const;
    const plans = rows.map((money) => [deal.id, '2026-04-01', ...money]);
    const run = await harness.importFile(
      'payments',
      csvOf(['deal_id', 'planned_date', 'planned_amount', 'currency'], plans),
    );
    const policies = rows.map((money) => [deal.id, policyNumber(), ...money]);
    const other = await harness.importFile(
      'policies',
      csvOf(['deal_id', 'policy_number', 'premium', 'currency'], policies),
    );
    for (const one of [run, other]) {
      expect(await harness.faults(one)).toMatchObject([
        { line: 2, column: one === run ? 'planned_amount' : 'premium', code: 'amount_precision' },
        { line: 3, column: 'currency', code: 'currency_not_supported' },
      ]);
    }
  });
});

describe('a payment that was stored before its currency was refused', () => {
  let payment: PaymentView;
  let line: PaymentLineView;
  const lineOf = (): string => `${pathOf(payment)}/incomes/${line.id}`;

  beforeEach(async () => {
    payment = await addPayment(admin, deal, { planned_amount: '100.00' });
    line = await addLine(admin, payment, 'incomes', { amount: '10.00' });
    await harness.crm.database.rows(`
      UPDATE crm.payments SET currency = 'KWD' WHERE id = '${payment.id}';
      UPDATE crm.payment_incomes SET currency = 'KWD' WHERE payment_id = '${payment.id}'`);
  });

  it('is read with its lines, and accepted unchanged', async () => {
    const { body } = await admin.get<PaymentView>(`${pathOf(payment)}?include=incomes`);
    expect(body).toMatchObject({ currency: 'KWD', incomes_total: '10.00', incomes: [{ currency: 'KWD' }] });
    const same = { planned_amount: '100.00', currency: 'KWD' };
    expect(await admin.patch(pathOf(payment), same)).toMatchObject({ status: 200, body: { version: body.version } });
    expect(await admin.patch(lineOf(), { amount: '10', currency: 'KWD' })).toMatchObject({ body: { version: 1 } });
  });

  it('can be corrected within two decimals, with its lines', async () => {
    expect(await admin.patch(pathOf(payment), { planned_amount: '90.5' })).toMatchObject({
      status: 200,
      body: { planned_amount: '90.50', currency: 'KWD' },
    });
    expect(await admin.patch(lineOf(), { amount: '9.5' })).toMatchObject({ status: 200, body: { amount: '9.50' } });
    expect(await admin.patch(lineOf(), { amount: '9.505' })).toMatchObject(TOO_EXACT);
    expect(await admin.patch(pathOf(payment), { planned_amount: '90.505' })).toMatchObject(TOO_EXACT);
    const { body } = await admin.get<PaymentView>(pathOf(payment));
    expect(body).toMatchObject({ incomes_total: '9.50', planned_amount: '90.50' });
  });

  it('refuses new lines', async () => {
    expect(await admin.post(`${pathOf(payment)}/incomes`, LINE)).toMatchObject(NOT_SUPPORTED);
    expect(await admin.post(`${pathOf(payment)}/expenses`, { ...LINE, currency: 'KWD' })).toMatchObject(NOT_SUPPORTED);
  });

  it('can be cancelled; without lines it accepts a supported currency, and can be deleted', async () => {
    const other = await addPayment(admin, deal, { planned_amount: '5.00' });
    await harness.crm.database.rows(`UPDATE crm.payments SET currency = 'KWD' WHERE id = $1`, [other.id]);
    expect(await admin.post(`${pathOf(other)}/cancel`)).toMatchObject({ status: 200, body: { status: 'cancelled' } });
    expect(await admin.delete(lineOf())).toMatchObject({ status: 204 });
    expect(await admin.patch(pathOf(payment), { currency: 'USD' })).toMatchObject({ body: { currency: 'USD' } });
    expect((await admin.delete(pathOf(payment))).status).toBeLessThan(300);
  });
});

it('creates whole instalments in a currency without decimals', async () => {
  const { body } = await admin.post<{ items: { planned_amount: string }[] }>(`${payments()}/schedule`, {
    ...SCHEDULE,
    ...YEN,
    amount: '100',
  });
  expect(body.items.map(({ planned_amount }) => planned_amount)).toEqual(['34.00', '33.00', '33.00']);
});
