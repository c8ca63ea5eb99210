import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { TestUser } from '#platform/testing';
import { ImportHarness } from '../../support/import-harness.js';
import { addLine, addPayment, LINE, pathOf, PLANNED } from '../../support/money.js';
import { activePolicy, addQuote, moveQuote, WHOLE_POLICY, WHOLE_QUOTE } from '../../support/sale.js';

const FINAL_STATES = [
  ['ready', 'confirmed'],
  ['ready', 'archived'],
] as const;

let harness: ImportHarness;
let admin: TestUser;
let deal: DealView;

beforeAll(async () => {
  harness = await ImportHarness.open();
  admin = harness.admin;
});
afterAll(() => harness.close());
beforeEach(async () => {
  deal = await harness.crm.deal(admin);
});

const ROWS = [
  'SELECT * FROM crm.deals d WHERE id = $1',
  'SELECT * FROM crm.policies p WHERE deal_id = $1 ORDER BY id',
  'SELECT * FROM crm.quotes q WHERE deal_id = $1 ORDER BY id',
  'SELECT * FROM crm.payments p WHERE deal_id = $1 ORDER BY id',
  'SELECT i.* FROM crm.payment_incomes i JOIN crm.payments p ON p.id = i.payment_id WHERE p.deal_id = $1 ORDER BY id',
  'SELECT id FROM crm.journals WHERE deal_id = $1 ORDER BY seq',
];

/** Data that an unchanged request must not change: rows and journal of the deal, and its events except reminders. */
const everything = async () => [
  await Promise.all(ROWS.map((text) => harness.crm.database.rows(text, [deal.id]))),
  (await harness.crm.events(`deals/${deal.id}`)).filter(({ actor_id }) => actor_id !== null),
];

async function expectNoChange(request: () => Promise<{ status: number; body: unknown }>): Promise<void> {
  const before = await everything();
  expect(await request()).toMatchObject({ status: 200 });
  expect(await everything()).toEqual(before);
}

async function closedDeal(reason: string | null = null): Promise<void> {
  const { status } = await admin.patch(`/deals/${deal.id}/stage`, {
    stage: reason === null ? 'closedWon' : 'closedLost',
    ...(reason !== null && { reason }),
  });
  expect(status).toBe(200);
}

async function cancelledPayment(): Promise<PaymentView> {
  const payment = await addPayment(admin, deal, { comment: 'Первый взнос' });
  const { body } = await admin.post<PaymentView>(`${pathOf(payment)}/cancel`);
  expect(body.status).toBe('cancelled');
  return body;
}

describe('a request that changes nothing is accepted, and nothing is written', () => {
  it('of a closed deal', async () => {
    await closedDeal('дорого');
    const { title, description, next_review_at, owner_id, executor_id } = deal;
    await expectNoChange(() => admin.patch(`/deals/${deal.id}`, { title, description, next_review_at }));
    await expectNoChange(() => admin.patch(`/deals/${deal.id}/assignment`, { owner_id, executor_id }));
    await expectNoChange(() => admin.patch(`/deals/${deal.id}/stage`, { stage: 'closedLost' }));
    await expectNoChange(() => admin.patch(`/deals/${deal.id}/stage`, { stage: 'closedLost', reason: 'дорого' }));
    const other = await admin.patch(`/deals/${deal.id}/stage`, { stage: 'closedLost', reason: 'передумал' });
    expect(other).toMatchObject({ status: 409, code: 'deal_closed' });
  });

  it('of a closed policy', async () => {
    const { id, policy_number } = await activePolicy(admin, { deal_id: deal.id });
    await admin.post(`/policies/${id}/close`, { reason: 'cancelled' });
    await expectNoChange(() => admin.patch(`/policies/${id}`, { ...WHOLE_POLICY, policy_number, premium: '85000' }));
  });

  it.each(FINAL_STATES)('of a quote that is %s and %s, in an open and in a closed deal', async (...states) => {
    const quote = await moveQuote(admin, await addQuote(admin, deal), states);
    const path = `/deals/${deal.id}/quotes/${quote.id}`;
    for (const close of [() => Promise.resolve(), closedDeal]) {
      await close();
      await expectNoChange(() => admin.patch(path, { ...WHOLE_QUOTE, premium_amount: '85000' }));
    }
    expect(await admin.patch(path, { comments: 'поздно' })).toMatchObject({ code: 'deal_closed' });
  });

  it('of a cancelled payment, and of one that is confirmed', async () => {
    const cancelled = await cancelledPayment();
    await expectNoChange(() => admin.patch(pathOf(cancelled), { ...PLANNED, comment: 'Первый взнос' }));
    const paid = await addPayment(admin, deal);
    const { body } = await admin.post<PaymentView>(`${pathOf(paid)}/confirm`, { actual_date: '2026-03-02' });
    await expectNoChange(() => admin.patch(pathOf(paid), { ...PLANNED, planned_amount: '1000' }));
    await expectNoChange(() => admin.patch(pathOf(paid), { actual_date: body.actual_date }));
    expect(await admin.patch(pathOf(paid), { actual_date: '2026-03-01' })).toMatchObject({ code: 'payment_confirmed' });
  });

  it('of a line under a cancelled payment', async () => {
    const payment = await addPayment(admin, deal);
    const line = await addLine(admin, payment, 'incomes');
    await admin.post(`${pathOf(payment)}/cancel`);
    const path = `${pathOf(payment)}/incomes/${line.id}`;
    await expectNoChange(() => admin.patch(path, { ...LINE, amount: '400', currency: 'RUB' }));
  });
});

describe('an unchanged export is imported again, and nothing is written', () => {
  const again = async (kind: string) => {
    const { body: csv } = await admin.get<string>(`/exports/${kind}`);
    const before = await everything();
    const { state, failed } = await harness.importFile(`${kind}?duplicates=update`, csv);
    return { state, failed, isSame: JSON.stringify(await everything()) === JSON.stringify(before) };
  };
  const done = { state: 'done', failed: 0, isSame: true };

  it('with cancelled payments', async () => {
    await cancelledPayment();
    await closedDeal();
    expect(await again('payments')).toEqual(done);
  });

  it('with closed policies', async () => {
    const { id } = await activePolicy(admin, { deal_id: deal.id });
    await admin.post(`/policies/${id}/close`, { reason: 'replaced' });
    expect(await again('policies')).toEqual(done);
    const csv = `id,status,close_reason\r\n${id},closed,void\r\n`;
    const refused = await harness.importFile('policies?duplicates=update', csv);
    expect(await harness.faults(refused)).toMatchObject([{ line: 2, code: 'policy_transition_forbidden' }]);
  });

  it('with deals that are lost and won', async () => {
    await closedDeal('дорого');
    expect(await again('deals')).toEqual(done);
  });
});
