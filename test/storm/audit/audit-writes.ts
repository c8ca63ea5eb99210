import type { TestDatabase } from '#platform/testing';
import type { Ledger } from '../load/ledger.js';
import { EVENT_KEYS_OF_LOG } from '../load/event-keys.js';

/** Texts by which the load generator identifies the rows that it creates. */
const TAGS_OF_ROWS = `
  SELECT name AS "rowTag" FROM crm.clients
  UNION ALL SELECT description FROM crm.deals
  UNION ALL SELECT body FROM crm.journals WHERE kind = 'note'
  UNION ALL SELECT comments FROM crm.quotes
  UNION ALL SELECT policy_number FROM crm.policies
  UNION ALL SELECT comment FROM crm.payments WHERE comment IS NOT NULL
  UNION ALL SELECT note FROM crm.payment_incomes
  UNION ALL SELECT note FROM crm.payment_expenses
  UNION ALL SELECT title FROM crm.document_links WHERE title IS NOT NULL`;

export interface RowTagFindings {
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly ghosts: readonly string[];
}

/** Acknowledged writes whose events are not in the log. */
export async function auditEventKeys(database: TestDatabase, { writes }: Ledger): Promise<string[]> {
  const rows = await database.rows<{ eventKey: string }>(EVENT_KEYS_OF_LOG);
  const logged = new Set(rows.map(({ eventKey }) => eventKey));
  return writes.flatMap(({ kind, eventKeys }) =>
    eventKeys.filter((eventKey) => !logged.has(eventKey)).map((eventKey) => `${kind}: ${eventKey}`),
  );
}

/** Rows that an acknowledged request did not create, that one request created twice, or that none created. */
export async function auditRowTags(database: TestDatabase, { writes }: Ledger): Promise<RowTagFindings> {
  const rows = await database.rows<{ rowTag: string; count: number }>(
    `SELECT "rowTag", count(*)::int AS count FROM (${TAGS_OF_ROWS}) AS tagged GROUP BY "rowTag"`,
  );
  const counts = new Map(rows.map(({ rowTag, count }) => [rowTag, count]));
  const possible = new Set(writes.flatMap(({ outcome, rowTags }) => (outcome === 'refused' ? [] : rowTags)));
  const acknowledged = writes.filter(({ outcome }) => outcome === 'acknowledged');
  return {
    missing: acknowledged.flatMap(({ kind, rowTags }) =>
      rowTags.filter((rowTag) => !counts.has(rowTag)).map((rowTag) => `${kind}: ${rowTag}`),
    ),
    doubled: rows.filter(({ count }) => count > 1).map(({ rowTag, count }) => `${rowTag}: ${count} rows`),
    ghosts: rows.filter(({ rowTag }) => !possible.has(rowTag)).map(({ rowTag }) => rowTag),
  };
}
