import type { CalendarDate } from '#platform/kernel';
import type { PaymentLineView, PaymentView } from '../contracts.js';

/** Lines that a reader can request with a payment. */
export const INCLUDES = ['incomes', 'expenses'] as const;
export type Include = (typeof INCLUDES)[number];

/** A row as {@link paymentSelection} selects it. */
export interface PaymentRow {
  readonly id: string;
  readonly planned_date: CalendarDate;
  readonly payment: PaymentView;
  readonly incomes?: readonly PaymentLineView[];
  readonly expenses?: readonly PaymentLineView[];
}

/** A payment `p` as JSON in `payment`, the columns that lists are ordered by, and the included lines, the earliest first. */
export function paymentSelection(includes: ReadonlySet<Include> = new Set()): string {
  const lines = INCLUDES.filter((include) => includes.has(include)).map(
    (table) => `, coalesce((SELECT json_agg(crm.payment_line_json(l) ORDER BY l.posted_at, l.created_at, l.id)
      FROM crm.payment_${table} l WHERE l.payment_id = p.id AND NOT l.is_deleted), '[]') AS ${table}`,
  );
  return `p.id, p.planned_date, crm.payment_json(p) AS payment${lines.join('')}`;
}

/** The payment of a row, with the included lines. */
export function paymentView({ payment, incomes, expenses }: PaymentRow): PaymentView {
  return { ...payment, ...(incomes && { incomes }), ...(expenses && { expenses }) };
}
