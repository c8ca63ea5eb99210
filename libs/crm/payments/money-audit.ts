/** Payments without a deal, or with wrong totals. The constraints refuse both, so a finding means they were bypassed. */
export interface MoneyFault {
  readonly kind: 'totals are not the sum of the lines' | 'lines without a payment' | 'payments of a deleted deal';
  readonly count: number;
  /** The id of one of the payments. */
  readonly example: string;
}

/** Runs a statement without parameters. */
type Ask = <R extends object>(sql: string) => Promise<readonly R[]>;

const LIVE_LINES = `
  SELECT payment_id, currency, amount AS income, 0::numeric AS expense FROM crm.payment_incomes WHERE NOT is_deleted
  UNION ALL
  SELECT payment_id, currency, 0, amount FROM crm.payment_expenses WHERE NOT is_deleted`;

/** Each gives the ids of payments. */
const FAULTS: Readonly<Record<MoneyFault['kind'], string>> = {
  'totals are not the sum of the lines': `
    SELECT p.id FROM crm.payments p LEFT JOIN (${LIVE_LINES}) l ON l.payment_id = p.id GROUP BY p.id
    HAVING p.incomes_total <> coalesce(sum(l.income), 0) OR p.expenses_total <> coalesce(sum(l.expense), 0)
      OR bool_or(l.currency <> p.currency)`,
  'lines without a payment': `
    SELECT DISTINCT l.payment_id AS id FROM (${LIVE_LINES}) l
      LEFT JOIN crm.payments p ON p.id = l.payment_id AND NOT p.is_deleted WHERE p.id IS NULL`,
  'payments of a deleted deal': `
    SELECT p.id FROM crm.payments p LEFT JOIN crm.deal_access d ON d.id = p.deal_id AND NOT d.is_deleted
    WHERE NOT p.is_deleted AND d.id IS NULL`,
};

/** Looks through every payment and line; none is the answer that is wanted. */
export async function auditMoney(ask: Ask): Promise<readonly MoneyFault[]> {
  const found: MoneyFault[] = [];
  for (const [kind, ids] of Object.entries(FAULTS) as [MoneyFault['kind'], string][]) {
    const sql = `SELECT count(*)::int AS count, min(id::text) AS example FROM (${ids}) faulty`;
    const [row] = await ask<{ count: number; example: string }>(sql);
    if (row && row.count > 0) found.push({ kind, ...row });
  }
  return found;
}
