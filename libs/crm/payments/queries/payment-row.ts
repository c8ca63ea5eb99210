import type { ListOrder } from '#platform/kernel';
import type { PaymentLineView, PaymentView } from '../contracts.js';

/** Lines that a reader can request with a payment. */
export const INCLUDES = ['incomes', 'expenses'] as const;
export type Include = (typeof INCLUDES)[number];

/** A row as {@link paymentSelection} selects it. */
export interface PaymentRow {
  readonly id: string;
  readonly payment: PaymentView;
  readonly incomes?: readonly PaymentLineView[];
  readonly expenses?: readonly PaymentLineView[];
}

/** Columns that a list in its usual order, and the batches of an export, are read by. */
const KEY = ['p.id', 'p.planned_date'];

/**
 * A payment `p` as JSON in `payment`, the columns of the order, and the included lines, the earliest first.
 */
export function paymentSelection(includes: ReadonlySet<Include> = new Set(), order?: ListOrder): string {
  const columns = new Set([...KEY, ...Object.keys(order?.key ?? {})]);
  const lines = INCLUDES.filter((include) => includes.has(include)).map(
    (table) => `, coalesce((SELECT json_agg(crm.payment_line_json(l) ORDER BY l.posted_at, l.created_at, l.id)
      FROM crm.payment_${table} l WHERE l.payment_id = p.id AND NOT l.is_deleted), '[]') AS ${table}`,
  );
  return `${[...columns].join(', ')}, crm.payment_json(p) AS payment${lines.join('')}`;
}

/** The payment of a row, with the included lines. */
export function paymentView({ payment, incomes, expenses }: PaymentRow): PaymentView {
  return { ...payment, ...(incomes && { incomes }), ...(expenses && { expenses }) };
}
