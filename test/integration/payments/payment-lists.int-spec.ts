import type { DealView } from '#crm/deals/contracts';
import type { CurrencySummary, PaymentLineView, PaymentStatus, PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addLine, addPayment, LINE, pathOf } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

let crm: Crm;
let seller: TestUser;
let finance: TestUser;
let deal: DealView;
let policy: PolicyView;

beforeAll(async () => {
  crm = await Crm.start();
  seller = crm.user('seller');
  finance = crm.user('finance');
});
afterAll(() => crm.stop());
beforeEach(async () => {
  deal = await crm.deal(seller);
  policy = await addPolicy(seller, { deal_id: deal.id });
});

const list = async (query = '', by: TestUser = seller): Promise<Listed<PaymentView>> => {
  const answer = await by.get<Listed<PaymentView>>(`/deals/${deal.id}/payments${query}`);
  expect(answer.status).toBe(200);
  return answer.body;
};
const ids = (payments: readonly PaymentView[]): string[] => payments.map(({ id }) => id);

describe('a list of payments', () => {
  it('is sorted by planned date in pages, also with rows added meanwhile', async () => {
    const days = ['2026-03-05', '2026-01-31', '2026-03-05', '2027-01-01', '2026-02-01', '2026-03-05'];
    const planned: PaymentView[] = [];
    for (const planned_date of days) planned.push(await addPayment(seller, deal, { planned_date }));
    const byDay = [planned[1]!, planned[4]!, planned[0]!, planned[2]!, planned[5]!, planned[3]!];
    expect(ids((await list()).items)).toEqual(ids(byDay));
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=2&include_total=true${cursor}`);
      seen.push(...ids(page.items));
      if (cursor === '') await addPayment(seller, deal, { planned_date: '2026-01-01' });
      expect(page.total).toBe(cursor === '' ? 6 : 7);
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(ids(byDay));
  });

  it('contains the rows of its filters, single and combined', async () => {
    const scheduled = await addPayment(seller, deal);
    const part = await addPayment(seller, deal, { policy_id: policy.id });
    await addLine(seller, part, 'incomes');
    const paid = await addPayment(seller, deal, { policy_id: policy.id });
    await addLine(seller, paid, 'incomes', { amount: '1000.00' });
    const cancelled = await addPayment(seller, deal);
    await finance.post(`${pathOf(cancelled)}/cancel`);
    const deleted = await addPayment(seller, deal);
    await seller.delete(pathOf(deleted));
    const statuses: readonly (readonly [string, readonly PaymentView[]])[] = [
      ['', [scheduled, part, paid, cancelled]],
      ['?status=scheduled', [scheduled]],
      ['?status=partially_paid', [part]],
      ['?status=paid&status=cancelled', [paid, cancelled]],
      ['?status[]=paid&status[]=scheduled', [scheduled, paid]],
      [`?policy_id=${policy.id}`, [part, paid]],
      [`?policy_id=${policy.id}&status=paid&status=scheduled`, [paid]],
      [`?policy_id=${policy.id}&status=cancelled`, []],
    ];
    for (const [query, expected] of statuses) {
      expect({ query, ids: ids((await list(query)).items) }).toEqual({ query, ids: ids(expected) });
      const total = (await list(`${query === '' ? '?' : `${query}&`}include_total=true&limit=1`)).total;
      expect({ query, total }).toEqual({ query, total: expected.length });
    }
    const nested = await seller.get<Listed<PaymentView>>(
      `/deals/${deal.id}/policies/${policy.id}/payments?status=partially_paid`,
    );
    expect(ids(nested.body.items)).toEqual([part.id]);
    const other = await addPolicy(seller, { deal_id: (await crm.deal(seller)).id });
    const foreign = await seller.get(`/deals/${deal.id}/payments?policy_id=${other.id}`);
    expect(foreign).toMatchObject({ status: 404, code: 'policy_not_found' });
  });

  it('includes lines on request, sorted by posting date, without deleted ones', async () => {
    const payment = await addPayment(seller, deal);
    const late = await addLine(seller, payment, 'incomes');
    const early = await addLine(seller, payment, 'incomes', { posted_at: '2026-02-01' });
    const gone = await addLine(seller, payment, 'incomes');
    await seller.delete(`${pathOf(payment)}/incomes/${gone.id}`);
    const expense = await addLine(seller, payment, 'expenses', { amount: '10.00', note: 'касса' });
    const bare = await addPayment(seller, deal);
    const shown = { incomes: [early, late], expenses: [expense] };
    const now = (await seller.get<PaymentView>(pathOf(payment))).body;
    expect(now).not.toHaveProperty('incomes');
    for (const include of [
      'include=incomes,expenses',
      'include=incomes&include=expenses',
      'include[]=expenses,incomes',
    ]) {
      expect((await seller.get(`${pathOf(payment)}?${include}`)).body).toEqual({ ...now, ...shown });
      expect((await list(`?${include}`)).items).toEqual([
        { ...now, ...shown },
        { ...bare, incomes: [], expenses: [] },
      ]);
    }
    const half = (await list('?include=incomes')).items;
    expect(half).toEqual([
      { ...now, incomes: shown.incomes },
      { ...bare, incomes: [] },
    ]);
  });
});

describe('one payment', () => {
  it('is sent once for each version: ETag and 304', async () => {
    const payment = await addPayment(seller, deal);
    const first = await seller.get(pathOf(payment));
    expect(first.headers.etag).toBe('"1"');
    expect(await seller.get(pathOf(payment), { 'if-none-match': '"1"' })).toMatchObject({ status: 304 });
    const line = await seller.post<PaymentLineView>(`${pathOf(payment)}/incomes`, LINE, { 'if-match': '"1"' });
    expect(line).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    expect(await seller.get(pathOf(payment), { 'if-none-match': '"1"' })).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
    });
    const steps: readonly (readonly [string, object, string])[] = [
      [`${pathOf(payment)}/incomes/${line.body.id}`, { amount: '1.00' }, '"1"'],
      [`${pathOf(payment)}/incomes/${line.body.id}`, { is_deleted: true }, '"2"'],
      [pathOf(payment), { comment: 'x' }, '"4"'],
    ];
    for (const [path, body, version] of steps) {
      expect(await seller.patch(path, body, { 'if-match': version })).toMatchObject({ status: 200 });
    }
    const confirmed = await finance.post(`${pathOf(payment)}/confirm`, {}, { 'if-match': '"5"' });
    expect(confirmed).toMatchObject({ status: 200, headers: { etag: '"6"' } });
    const cancelled = await finance.patch(pathOf(payment), { status: 'cancelled' }, { 'if-match': '"6"' });
    expect(cancelled).toMatchObject({ status: 200, headers: { etag: '"7"' }, body: { status: 'cancelled' } });
    expect(await seller.delete(pathOf(payment), { 'if-match': '"7"' })).toMatchObject({ status: 204 });
  });

  it('changes its status with incomes, expenses and new plans', async () => {
    const payment = await addPayment(seller, deal);
    const status = async (): Promise<PaymentStatus> => (await seller.get<PaymentView>(pathOf(payment))).body.status;
    expect(await status()).toBe('scheduled');
    await addLine(seller, payment, 'expenses', { amount: '5000.00', category: 'выплата' });
    expect(await status()).toBe('scheduled');
    const line = await addLine(seller, payment, 'incomes', { amount: '999.99' });
    expect(await status()).toBe('partially_paid');
    await addLine(seller, payment, 'incomes', { amount: '0.01' });
    expect(await status()).toBe('paid');
    await seller.patch(pathOf(payment), { planned_amount: '1000.01' });
    expect(await status()).toBe('partially_paid');
    await seller.patch(`${pathOf(payment)}/incomes/${line.id}`, { amount: '2000.00' });
    expect(await status()).toBe('paid');
    await seller.delete(`${pathOf(payment)}/incomes/${line.id}`);
    expect(await status()).toBe('partially_paid');
  });
});

describe('a schedule', () => {
  const plan = { amount: '100.00', currency: 'RUB', instalments: 3, first_date: '2026-01-31', every: 'month' };
  const parts = [
    { planned_date: '2026-01-31', planned_amount: '33.34', currency: 'RUB' },
    { planned_date: '2026-02-28', planned_amount: '33.33', currency: 'RUB' },
    { planned_date: '2026-03-31', planned_amount: '33.33', currency: 'RUB' },
  ];

  it('can be previewed, and is created as previewed', async () => {
    const before = await crm.rowCounts();
    const dry = await seller.post(`/deals/${deal.id}/payments/schedule`, { ...plan, dry_run: true });
    expect(dry).toMatchObject({ status: 200 });
    expect(dry.body).toEqual({ dry_run: true, items: parts.map((part) => ({ id: null, sequence: null, ...part })) });
    expect(await crm.rowCounts()).toEqual(before);
    await addPayment(seller, deal, { policy_id: policy.id });
    const made = await seller.post<{ items: { id: string }[] }>(
      `/deals/${deal.id}/policies/${policy.id}/payments/schedule`,
      { ...plan, comment: 'Взносы' },
    );
    expect(made.body).toMatchObject({
      dry_run: false,
      items: parts.map((part, index) => ({ ...part, sequence: index + 2 })),
    });
    const { items } = await list(`?policy_id=${policy.id}&limit=200`);
    const scheduled = items.filter(({ sequence }) => sequence > 1);
    expect(ids(scheduled)).toEqual(made.body.items.map(({ id }) => id));
    for (const payment of scheduled)
      expect(payment).toMatchObject({ comment: 'Взносы', status: 'scheduled', version: 1 });
    const types = (await crm.events(`deals/${deal.id}`)).slice(-3).map(({ type }) => type);
    expect(types).toEqual(Array<string>(3).fill('deal.payment.created'));
  });
});

describe("a deal's summary", () => {
  const summary = async (path = `/deals/${deal.id}/payments`): Promise<readonly CurrencySummary[]> =>
    (await seller.get<{ items: CurrencySummary[] }>(`${path}/summary`)).body.items;

  it('is empty without payments, and contains only planned amounts without lines', async () => {
    expect(await summary()).toEqual([]);
    await addPayment(seller, deal);
    const nothing = {
      incomes_total: '0.00',
      expenses_total: '0.00',
      net_total: '0.00',
      in_transit: '0.00',
      own: '0.00',
    };
    expect(await summary()).toEqual([{ currency: 'RUB', planned_total: '1000.00', ...nothing, natures: [] }]);
  });

  it("separates client money in transit from the broker's own, per currency, for any category", async () => {
    const rub = await addPayment(seller, deal, { policy_id: policy.id });
    await addLine(seller, rub, 'incomes', { amount: '1000.00', category: 'Страховая  премия' });
    await addLine(seller, rub, 'incomes', { amount: '150.00', category: 'КОМИССИЯ' });
    await addLine(seller, rub, 'incomes', { amount: '0.50', category: 'agency_fee' });
    await addLine(seller, rub, 'expenses', { amount: '1200.00', category: 'возврат' });
    await addLine(seller, rub, 'expenses', { amount: '100.00', category: 'client_discount' });
    await addLine(seller, rub, 'expenses', { amount: '75.25', category: 'Выплата коллеге' });
    await addLine(seller, rub, 'expenses', { amount: '3.00', category: 'сбор' });
    const deleted = await addLine(seller, rub, 'incomes', { amount: '9.00', category: 'premium' });
    await seller.delete(`${pathOf(rub)}/incomes/${deleted.id}`);
    const cancelled = await addPayment(seller, deal, { planned_amount: '77.00' });
    await addLine(seller, cancelled, 'incomes', { amount: '10.00', category: 'взнос' });
    await finance.post(`${pathOf(cancelled)}/cancel`);
    await addPayment(seller, deal, { currency: 'EUR', planned_amount: '5.00' });
    const gone = await addPayment(seller, deal, { currency: 'USD' });
    await seller.delete(pathOf(gone));
    const empty = { incomes_total: '0.00', expenses_total: '0.00', net_total: '0.00', in_transit: '0.00', own: '0.00' };
    const nature = (name: string, incomes: string, expenses: string, net: string) => ({
      nature: name,
      incomes,
      expenses,
      net,
    });
    expect(await summary()).toEqual([
      { currency: 'EUR', planned_total: '5.00', ...empty, natures: [] },
      {
        currency: 'RUB',
        planned_total: '1000.00',
        incomes_total: '1160.50',
        expenses_total: '1378.25',
        net_total: '-217.75',
        in_transit: '-190.00',
        own: '-27.75',
        natures: [
          nature('premium', '1010.00', '0.00', '1010.00'),
          nature('commission', '150.00', '0.00', '150.00'),
          nature('discount', '0.00', '100.00', '-100.00'),
          nature('payout', '0.00', '75.25', '-75.25'),
          nature('fee', '0.00', '3.00', '-3.00'),
          nature('refund', '0.00', '1200.00', '-1200.00'),
          nature('other', '0.50', '0.00', '0.50'),
        ],
      },
    ]);
    const [ofPolicy, ...rest] = await summary(`/deals/${deal.id}/policies/${policy.id}/payments`);
    expect(rest).toEqual([]);
    expect(ofPolicy).toMatchObject({
      currency: 'RUB',
      planned_total: '1000.00',
      incomes_total: '1150.50',
      net_total: '-227.75',
    });
  });

  it('sums up beyond the limit of one payment', async () => {
    for (let count = 0; count < 2; count++) {
      const payment = await addPayment(seller, deal, { planned_amount: '999999999999.99' });
      await addLine(seller, payment, 'incomes', { amount: '999999999999.99' });
    }
    expect(await summary()).toMatchObject([
      {
        planned_total: '1999999999999.98',
        incomes_total: '1999999999999.98',
        in_transit: '1999999999999.98',
        own: '0.00',
      },
    ]);
  });

  it('is not found by users without access to the deal', async () => {
    const path = `/deals/${deal.id}/payments/summary`;
    expect(await crm.user('seller').get(path)).toMatchObject({ status: 404, code: 'deal_not_found' });
    expect(await crm.user('lead').get(path)).toMatchObject({ status: 200 });
  });
});
