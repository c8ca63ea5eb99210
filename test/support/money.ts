import type { DealView } from '#crm/deals/contracts';
import type { PaymentLineView, PaymentView } from '#crm/payments/contracts';
import type { TestUser } from '#platform/testing';

/** A payment planned for the day before the fixed clock. */
export const PLANNED = { planned_date: '2026-03-01', planned_amount: '1000.00', currency: 'RUB' };

/** A line posted on the day of the fixed clock. */
export const LINE = { amount: '400.00', category: 'premium', posted_at: '2026-03-02' };

/** Plans a payment of a deal as `by`. */
export async function addPayment(by: TestUser, { id }: Pick<DealView, 'id'>, facts: object = {}): Promise<PaymentView> {
  const answer = await by.post<PaymentView>(`/deals/${id}/payments`, { ...PLANNED, ...facts });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** Adds a line to a payment as `by`. */
export async function addLine(
  by: TestUser,
  payment: PaymentView,
  lines: 'incomes' | 'expenses',
  facts: object = {},
): Promise<PaymentLineView> {
  const answer = await by.post<PaymentLineView>(`${pathOf(payment)}/${lines}`, { ...LINE, ...facts });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** Path of a payment. */
export function pathOf({ deal_id, id }: PaymentView): string {
  return `/deals/${deal_id}/payments/${id}`;
}
