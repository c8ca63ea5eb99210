/** What a reader may want beside the payment itself. */
export const INCLUDES = ['incomes', 'expenses'] as const;
export type Include = (typeof INCLUDES)[number];

/** A payment `p` as JSON in `payment`, and the asked-for lines beside it, the earliest posted first. */
export function paymentSelection(includes: ReadonlySet<Include>): string {
  const lines = INCLUDES.filter((include) => includes.has(include)).map(
    (table) => `, coalesce((SELECT json_agg(crm.payment_line_json(l) ORDER BY l.posted_at, l.created_at, l.id)
      FROM crm.payment_${table} l WHERE l.payment_id = p.id AND NOT l.is_deleted), '[]') AS ${table}`,
  );
  return `crm.payment_json(p) AS payment${lines.join('')}`;
}
