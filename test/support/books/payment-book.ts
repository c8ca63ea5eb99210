import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { TestUser } from '#platform/testing';
import type { Crm } from '../crm.js';
import { addLine, addPayment, pathOf } from '../money.js';
import { addPolicy } from '../sale.js';

/** A plan of three instalments. */
export const SCHEDULE = { amount: '100.00', currency: 'RUB', instalments: 3, first_date: '2026-04-01', every: 'month' };

/** Fixture: a seller's deal with a payment of every kind. */
export interface PaymentBook {
  readonly seller: TestUser;
  readonly finance: TestUser;
  readonly deal: DealView;
  /** Policies of the deal and of another deal of the seller. */
  readonly policy: PolicyView;
  readonly foreignPolicy: PolicyView;
  /** Without lines. */
  readonly empty: PaymentView;
  /** With one income, and another one that is deleted. */
  readonly busy: PaymentView;
  readonly income: PaymentLineView;
  readonly deletedIncome: PaymentLineView;
  readonly cancelled: PaymentView;
  readonly deleted: PaymentView;
  /** A payment of another deal of the seller. */
  readonly foreign: PaymentView;
}

export async function fillBook(crm: Crm): Promise<PaymentBook> {
  const [seller, finance] = [crm.user('seller'), crm.user('finance')];
  const [deal, other] = [await crm.deal(seller), await crm.deal(seller)];
  const policy = await addPolicy(seller, { deal_id: deal.id });
  const foreignPolicy = await addPolicy(seller, { deal_id: other.id });
  const [empty, busy] = [await addPayment(seller, deal), await addPayment(seller, deal)];
  const [cancelled, deleted] = [await addPayment(seller, deal), await addPayment(seller, deal)];
  const foreign = await addPayment(seller, other);
  const [income, deletedIncome] = [await addLine(seller, busy, 'incomes'), await addLine(seller, busy, 'incomes')];
  expect(await seller.delete(`${pathOf(busy)}/incomes/${deletedIncome.id}`)).toMatchObject({ status: 204 });
  expect(await finance.post(`${pathOf(cancelled)}/cancel`)).toMatchObject({ status: 200 });
  expect(await seller.delete(pathOf(deleted))).toMatchObject({ status: 204 });
  const parties = { seller, finance, deal, policy, foreignPolicy };
  return { ...parties, empty, busy, income, deletedIncome, cancelled, deleted, foreign };
}

/** All rows that a refused request must not change. */
export async function everythingOf(crm: Crm): Promise<unknown> {
  return [
    await crm.rowCounts(),
    await crm.database.rows('SELECT * FROM crm.payments ORDER BY id'),
    await crm.database.rows('SELECT * FROM crm.payment_incomes ORDER BY id'),
    await crm.database.rows('SELECT * FROM crm.payment_sequences ORDER BY policy_id'),
    await crm.database.rows('SELECT * FROM crm.event_streams ORDER BY stream'),
  ];
}
