import type { TestDatabase } from '#platform/testing';

/** Tables with the fields that are compared with the last event of each row. */
const TABLES = {
  client: ['clients', ['kind', 'status', 'merged_into_id']],
  deal: ['deals', ['client_id', 'title', 'status', 'executor_id', 'next_review_at']],
  quote: ['quotes', ['deal_id', 'program_name', 'premium_amount', 'status']],
  policy: ['policies', ['deal_id', 'premium', 'status', 'close_reason']],
  payment: ['payments', ['planned_amount', 'status', 'incomes_total', 'expenses_total']],
  income: ['payment_incomes', ['payment_id', 'amount']],
  expense: ['payment_expenses', ['payment_id', 'amount']],
} as const;

/** Rows whose values are not those of their last event, rows without an event, and events without a row. */
export async function auditRows(database: TestDatabase): Promise<string[]> {
  const found: string[] = [];
  for (const [resource, [table, fields]] of Object.entries(TABLES)) {
    const columns = ['version', 'is_deleted', ...fields];
    const rows = await database.rows<{ id: string }>(`
      WITH last AS (
        SELECT DISTINCT ON (id) id, value FROM (
          SELECT (data -> '${resource}' ->> 'id')::uuid AS id, data -> '${resource}' AS value
          FROM crm.event_log WHERE data -> '${resource}' IS NOT NULL) AS shown
        ORDER BY id, (value ->> 'version')::int DESC)
      SELECT coalesce(t.id, l.id) AS id FROM crm.${table} t FULL JOIN last l ON l.id = t.id
      WHERE (${columns.map((name) => `t.${name}::text`).join(', ')})
        IS DISTINCT FROM (${columns.map((name) => `l.value ->> '${name}'`).join(', ')})`);
    found.push(...rows.map(({ id }) => `${resource} ${id}`));
  }
  return found;
}
