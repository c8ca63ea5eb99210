import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import type { ClientBase } from 'pg';
import { Crm } from '../../support/crm.js';
import { addLine, addPayment, pathOf } from '../../support/money.js';
import { expectTrueMoney } from '../../support/books/money-history.js';

/** A payment with an income of 400.00 and an expense of 50.00, and one with an income of 70.00. */
interface Books {
  readonly payment: PaymentView;
  readonly other: PaymentView;
  readonly income: PaymentLineView;
  readonly expense: PaymentLineView;
}

/** Values of the `$id` placeholders in a statement. */
const sqlOf = (text: string, { payment, other, income, expense }: Books): string =>
  text
    .replaceAll('$payment', `'${payment.id}'`)
    .replaceAll('$other', `'${other.id}'`)
    .replaceAll('$income', `'${income.id}'`)
    .replaceAll('$expense', `'${expense.id}'`)
    .replaceAll('$new', `'${newId()}'`);

const NEW_LINE = (amount: string, currency = 'RUB'): string =>
  `INSERT INTO crm.payment_incomes (id, payment_id, amount, currency, category, nature, posted_at, created_by_id,
     updated_by_id, version, created_at, updated_at)
   VALUES ($new, $payment, ${amount}, '${currency}', 'premium', 'premium', '2026-03-01', $new, $new, 1, now(), now())`;

describe('the constraints of PostgreSQL', () => {
  let crm: Crm;
  let seller: TestUser;
  let deal: DealView;
  let books: Books;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    deal = await crm.deal(seller);
    const [payment, other] = [await addPayment(seller, deal), await addPayment(seller, deal)];
    const income = await addLine(seller, payment, 'incomes');
    const expense = await addLine(seller, payment, 'expenses', { amount: '50.00', category: 'discount' });
    await addLine(seller, other, 'incomes', { amount: '70.00' });
    books = { payment, other, income, expense };
  });
  afterAll(() => crm.stop());

  /** Runs statements in one transaction, checks deferred constraints, then rolls back. */
  const commit = (statements: string): Promise<unknown> =>
    crm.database.undone(async (client: ClientBase) => {
      await client.query(sqlOf(statements, books));
      await client.query('SET CONSTRAINTS ALL IMMEDIATE');
    });

  it.each([
    ['a larger total', 'UPDATE crm.payments SET incomes_total = incomes_total + 0.01 WHERE id = $payment'],
    ['another total of expenses', 'UPDATE crm.payments SET expenses_total = 0 WHERE id = $payment'],
    [
      'both totals, with the same net',
      'UPDATE crm.payments SET incomes_total = 401, expenses_total = 51 WHERE id = $payment',
    ],
    ['a total without lines', `UPDATE crm.payments SET incomes_total = 1 WHERE id = $other`],
    ['another currency of the payment', `UPDATE crm.payments SET currency = 'USD' WHERE id = $payment`],
    ['another currency of a line', `UPDATE crm.payment_incomes SET currency = 'USD' WHERE id = $income`],
    ['another amount', 'UPDATE crm.payment_incomes SET amount = 400.01 WHERE id = $income'],
    ['another amount of an expense', 'UPDATE crm.payment_expenses SET amount = 1 WHERE id = $expense'],
    [
      'a line marked as deleted',
      'UPDATE crm.payment_expenses SET is_deleted = true, deleted_at = now() WHERE id = $expense',
    ],
    ['a line that moves to another payment', 'UPDATE crm.payment_incomes SET payment_id = $other WHERE id = $income'],
    [
      'a moved line counted only at its new payment',
      `UPDATE crm.payment_incomes SET payment_id = $other WHERE id = $income;
       UPDATE crm.payments SET incomes_total = incomes_total + 400 WHERE id = $other`,
    ],
    ['a line out of nothing', NEW_LINE('1.00')],
    ['a line counted wrong', `${NEW_LINE('1.00')}; UPDATE crm.payments SET incomes_total = 402 WHERE id = $payment`],
    [
      'a line in another currency',
      `${NEW_LINE('1.00', 'USD')}; UPDATE crm.payments SET incomes_total = 401 WHERE id = $payment`,
    ],
    [
      'a new payment with totals but no lines',
      `INSERT INTO crm.payments (id, deal_id, sequence, planned_date, planned_amount, currency, incomes_total, created_by_id,
         updated_by_id, version, created_at, updated_at)
       SELECT $new, deal_id, 99, planned_date, 10, 'RUB', 5, created_by_id, updated_by_id, 1, now(), now()
       FROM crm.payments WHERE id = $payment`,
    ],
  ])('refuse at commit: %s', async (_what, statements) => {
    await expect(commit(statements)).rejects.toMatchObject({ code: '23514', constraint: 'payments_totals_true' });
  });

  it.each([
    ['DELETE FROM crm.payments', '23001'],
    ['DELETE FROM crm.payment_incomes WHERE id = $income', '23001'],
    ['DELETE FROM crm.payment_expenses', '23001'],
    ['TRUNCATE crm.payments CASCADE', '23001'],
    ['TRUNCATE crm.payment_incomes', '23001'],
    ['TRUNCATE crm.payment_expenses', '23001'],
    ['UPDATE crm.payments SET is_deleted = true, deleted_at = now() WHERE id = $payment', '23514'],
    ['UPDATE crm.payments SET net_total = 5 WHERE id = $payment', '428C9'],
    [`UPDATE crm.payments SET status = 'paid' WHERE id = $payment`, '428C9'],
    [`UPDATE crm.payments SET planned_amount = 'NaN' WHERE id = $payment`, '23514'],
    [`UPDATE crm.payments SET planned_amount = 0 WHERE id = $payment`, '23514'],
    [`UPDATE crm.payment_incomes SET amount = 'NaN' WHERE id = $income`, '23514'],
    ['UPDATE crm.payment_incomes SET amount = -1 WHERE id = $income', '23514'],
    ['UPDATE crm.payments SET incomes_total = -1 WHERE id = $payment', '23514'],
    [`UPDATE crm.payments SET currency = 'rub' WHERE id = $payment`, '23514'],
    [`UPDATE crm.payments SET actual_date = planned_date - 1 WHERE id = $payment`, '23514'],
    ['UPDATE crm.payments SET sequence = 2 WHERE id = $payment', '23505'],
    [`UPDATE crm.payment_incomes SET nature = 'bribe' WHERE id = $income`, '23514'],
    ['UPDATE crm.payment_incomes SET payment_id = $new WHERE id = $income', '23503'],
  ])('refuse %s', async (statement, code) => {
    await expect(commit(statement)).rejects.toMatchObject({ code });
  });

  it.each([
    [
      'a new line and its total',
      `${NEW_LINE('1.00')}; UPDATE crm.payments SET incomes_total = 401 WHERE id = $payment`,
    ],
    ['a total, then its line', `UPDATE crm.payments SET incomes_total = 401 WHERE id = $payment; ${NEW_LINE('1.00')}`],
    [
      'a moved line counted at both payments',
      `UPDATE crm.payment_incomes SET payment_id = $other WHERE id = $income;
       UPDATE crm.payments SET incomes_total = incomes_total + 400 WHERE id = $other;
       UPDATE crm.payments SET incomes_total = 0 WHERE id = $payment`,
    ],
    [
      'a payment and its lines in another currency',
      `UPDATE crm.payments SET currency = 'USD' WHERE id = $payment;
       UPDATE crm.payment_incomes SET currency = 'USD' WHERE payment_id = $payment;
       UPDATE crm.payment_expenses SET currency = 'USD' WHERE payment_id = $payment`,
    ],
    ['a note', `UPDATE crm.payment_incomes SET note = 'касса' WHERE id = $income`],
  ])('accept consistent totals: %s', async (_what, statements) => {
    await expect(commit(statements)).resolves.toBeUndefined();
  });

  it('refuse a real commit too, and nothing is changed', async () => {
    const before = (await seller.get(pathOf(books.payment))).body;
    const broken = sqlOf('UPDATE crm.payments SET incomes_total = 1 WHERE id = $payment', books);
    await expect(crm.database.rows(broken)).rejects.toMatchObject({ constraint: 'payments_totals_true' });
    expect((await seller.get(pathOf(books.payment))).body).toEqual(before);
    expect(await expectTrueMoney(crm, deal.id)).toBe(3);
  });
});
