import type { DealView } from '#crm/deals/contracts';
import type { PaymentView } from '#crm/payments/contracts';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

/** The clock stands at 2026-03-02. */
describe('the payments of all deals', () => {
  let crm: Crm;
  let seller: TestUser;
  let finance: TestUser;
  let deal: DealView;
  let payments: Readonly<Record<'paid' | 'partial' | 'late' | 'soon' | 'far' | 'cancelled' | 'insured', PaymentView>>;

  beforeAll(async () => {
    crm = await Crm.start();
    [seller, finance] = [crm.user('seller'), crm.user('finance')];
    const other = await crm.deal(seller);
    deal = await crm.deal(seller);
    const policy = await addPolicy(seller, { deal_id: other.id, insurance_company: 'СК  Согласие' });
    const plan = (planned_date: string, of = deal, facts: object = {}) =>
      addPayment(seller, of, { planned_date, planned_amount: '100.00', ...facts });
    payments = {
      paid: await plan('2026-02-01'),
      partial: await plan('2026-02-10', other),
      late: await plan('2026-03-01'),
      soon: await plan('2026-03-09', other),
      far: await plan('2026-05-01'),
      cancelled: await plan('2026-02-20'),
      insured: await plan('2026-03-02', other, { policy_id: policy.id }),
    };
    await addLine(seller, payments.paid, 'incomes', { amount: '100.00', posted_at: '2026-02-02' });
    await addLine(seller, payments.partial, 'incomes', { amount: '50.00', posted_at: '2026-02-12' });
    expect(await finance.post(`${pathOf(payments.paid)}/confirm`, {})).toMatchObject({ status: 200 });
    expect(await finance.post(`${pathOf(payments.cancelled)}/cancel`)).toMatchObject({ status: 200 });
  });
  afterAll(() => crm.stop());

  const found = async (query: string, by = finance): Promise<readonly string[]> => {
    const { status, body } = await by.get<Listed<PaymentView>>(`/payments?include_total=true&${query}`);
    expect(status).toBe(200);
    expect(body.total).toBe(body.items.length);
    const names = Object.entries(payments);
    return body.items.map(({ id }) => names.find(([, payment]) => payment.id === id)?.[0] ?? id);
  };

  it.each([
    ['', ['paid', 'partial', 'cancelled', 'late', 'insured', 'soon', 'far']],
    ['overdue=true', ['partial', 'late']],
    ['overdue=false', ['paid', 'cancelled', 'insured', 'soon', 'far']],
    ['period=7d', ['partial', 'late', 'insured', 'soon']],
    ['period=90d&sort=-planned_date', ['far', 'soon', 'insured', 'late', 'partial']],
    ['confirmed=true', ['paid']],
    ['confirmed=false', ['partial', 'late', 'insured', 'soon', 'far']],
    ['confirmed=false&overdue=true&status=partially_paid', ['partial']],
    ['insurance_company=ск%20согласие', ['insured']],
    ['insurance_company=Ингосстрах', []],
    ['posted_from=2026-02-02&posted_to=2026-02-11', ['paid']],
    ['planned_from=2026-03-02&planned_to=2026-03-09', ['insured', 'soon']],
    ['sort=-actual_date&actual_from=2026-01-01', ['paid']],
  ])('with %s are %j', async (query, names) => {
    expect(await found(query)).toEqual(names);
  });

  it('are those of one deal or policy on request, and the same as that deal shows', async () => {
    expect(await found(`deal_id=${deal.id}`)).toEqual(['paid', 'cancelled', 'late', 'far']);
    expect(await found(`policy_id=${payments.insured.policy_id!}`)).toEqual(['insured']);
    const path = '/payments?include=incomes,expenses';
    const { items } = (await finance.get<Listed<PaymentView>>(`${path}&deal_id=${deal.id}`)).body;
    const ofDeal = await finance.get<Listed<PaymentView>>(`/deals/${deal.id}${path}`);
    expect(items).toEqual(ofDeal.body.items);
    expect(items[0]?.incomes).toHaveLength(1);
  });

  it('are of deals in the scope of the caller, and never of a deleted deal', async () => {
    const another = crm.user('seller');
    expect(await found('', another)).toEqual([]);
    expect(await found(`deal_id=${deal.id}`, another)).toEqual([]);
    expect(await found(`policy_id=${payments.insured.policy_id!}`, another)).toEqual([]);
    expect(await found('insurance_company=СК Согласие', another)).toEqual([]);
    expect(await found('', seller)).toHaveLength(7);
    await crm.database.rows(`UPDATE crm.deals SET is_deleted = true, deleted_at = now() WHERE id = $1`, [deal.id]);
    expect(await found('')).toEqual(['partial', 'insured', 'soon']);
  });
});
