import type { DealView } from '#crm/deals/contracts';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment, LINE, pathOf } from '../../support/money.js';
import { expectTrueMoney } from '../../support/books/money-history.js';
import { everythingOf } from '../../support/books/payment-book.js';

/** The day after that of the fixed clock; see {@link Crm}. */
const TOMORROW = '2026-03-03';

let crm: Crm;
let seller: TestUser;
let finance: TestUser;
let deal: DealView;

beforeAll(async () => {
  crm = await Crm.start();
  seller = crm.user('seller');
  finance = crm.user('finance');
});
afterAll(() => crm.stop());
beforeEach(async () => {
  deal = await crm.deal(seller);
});

describe('limits of payments', () => {
  it('accept a currency in any case, with blanks', async () => {
    const payment = await addPayment(seller, deal);
    for (const currency of ['rub', ' RUB ', 'Rub']) {
      expect(await seller.post(`${pathOf(payment)}/incomes`, { ...LINE, currency })).toMatchObject({
        status: 201,
        body: { currency: 'RUB' },
      });
    }
  });

  it('use the day of Moscow: 23:30 in London is the next day there', async () => {
    const payment = await addPayment(seller, deal);
    const startTime = crm.clock.now();
    const send = () => seller.post(`${pathOf(payment)}/incomes`, { ...LINE, posted_at: TOMORROW });
    crm.clock.set('2026-03-02T20:59:59.999Z');
    expect(await send()).toMatchObject({ status: 400, code: 'posted_at_in_future' });
    expect(await seller.patch(pathOf(payment), { actual_date: TOMORROW })).toMatchObject({ status: 400 });
    crm.clock.set('2026-03-02T23:30:00.000Z');
    expect(await send()).toMatchObject({ status: 201, body: { posted_at: TOMORROW } });
    expect(await seller.patch(pathOf(payment), { actual_date: TOMORROW })).toMatchObject({ status: 200 });
    const late = await seller.post(`${pathOf(payment)}/incomes`, { ...LINE, posted_at: '2026-03-04' });
    expect(late).toMatchObject({ status: 400, code: 'posted_at_in_future' });
    crm.clock.set(startTime);
  });

  it('refuse a planned date after the actual date, which is fixed once confirmed', async () => {
    const payment = await addPayment(seller, deal, { actual_date: '2026-03-01' });
    const moved = await seller.patch(pathOf(payment), { planned_date: '2026-03-02' });
    expect(moved).toMatchObject({ status: 400, code: 'actual_date_before_planned_date' });
    const confirmed = await finance.post(`${pathOf(payment)}/confirm`, { actual_date: '2026-03-02' });
    expect(confirmed).toMatchObject({ status: 200, body: { actual_date: '2026-03-02', recorded_by_id: finance.id } });
    const again = await finance.post(`${pathOf(payment)}/confirm`, {});
    expect(again).toMatchObject({ status: 409, code: 'payment_confirmed' });
    const other = await seller.patch(pathOf(payment), { actual_date: null });
    expect(other).toMatchObject({ status: 409, code: 'payment_confirmed' });
    expect(await seller.patch(pathOf(payment), { actual_date: '2026-03-02', comment: 'x' })).toMatchObject({
      status: 200,
    });
  });

  it('let a confirmation retain the recorded day, replace it, or set today without one', async () => {
    const [today, earlier] = ['2026-03-02', '2026-03-01'];
    for (const [recorded, named, expected] of [
      [earlier, undefined, earlier],
      [earlier, today, today],
      [undefined, undefined, today],
    ]) {
      const payment = await addPayment(seller, deal, { actual_date: recorded });
      const confirmed = await finance.post(`${pathOf(payment)}/confirm`, { actual_date: named });
      expect(confirmed).toMatchObject({ status: 200, body: { actual_date: expected, recorded_by_id: finance.id } });
    }
  });

  it('leave a cancelled payment its lines, which can be corrected', async () => {
    const payment = await addPayment(seller, deal);
    const line = await addLine(seller, payment, 'incomes');
    const path = `${pathOf(payment)}/incomes/${line.id}`;
    expect(await finance.patch(pathOf(payment), { status: 'cancelled' })).toMatchObject({ status: 200 });
    expect(await seller.patch(path, { amount: '5.00' })).toMatchObject({ status: 200 });
    const read = (await seller.get(pathOf(payment))).body;
    expect(read).toMatchObject({ status: 'cancelled', incomes_total: '5.00' });
    expect(await seller.patch(path, { is_deleted: true })).toMatchObject({ status: 200, body: { is_deleted: true } });
    expect(await seller.patch(pathOf(payment), { is_deleted: true })).toMatchObject({ body: { is_deleted: true } });
    expect(await seller.get(pathOf(payment))).toMatchObject({ status: 404 });
  });

  it('record nothing when no value changes', async () => {
    const payment = await addPayment(seller, deal);
    const line = await addLine(seller, payment, 'incomes');
    const all = await everythingOf(crm);
    expect(await seller.patch(pathOf(payment), { planned_amount: '1000', comment: null })).toMatchObject({
      status: 200,
    });
    expect(await seller.patch(`${pathOf(payment)}/incomes/${line.id}`, { amount: '400' })).toMatchObject({
      status: 200,
    });
    expect(await everythingOf(crm)).toEqual(all);
  });

  it('accept the largest possible total', async () => {
    const payment = await addPayment(seller, deal);
    await addLine(seller, payment, 'incomes', { amount: '999999999999.98' });
    await addLine(seller, payment, 'incomes', { amount: '0.01' });
    const more = await seller.post(`${pathOf(payment)}/incomes`, { ...LINE, amount: '0.01' });
    expect(more).toMatchObject({ status: 400, code: 'total_too_large' });
    await addLine(seller, payment, 'expenses', { amount: '999999999999.99' });
    expect((await seller.get(pathOf(payment))).body).toMatchObject({
      incomes_total: '999999999999.99',
      net_total: '0.00',
    });
    await expectTrueMoney(crm, deal.id);
  });
});
