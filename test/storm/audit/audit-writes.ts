import type { TestDatabase } from '#platform/testing';
import type { Ledger } from '../load/ledger.js';
import { MARKS_OF_LOG } from '../load/marks.js';

/** Texts by which the load generator identifies the rows that it creates. */
const MARKERS_OF_ROWS = `
  SELECT name AS marker FROM crm.clients
  UNION ALL SELECT description FROM crm.deals
  UNION ALL SELECT body FROM crm.journals WHERE kind = 'note'
  UNION ALL SELECT comments FROM crm.quotes
  UNION ALL SELECT policy_number FROM crm.policies
  UNION ALL SELECT comment FROM crm.payments WHERE comment IS NOT NULL
  UNION ALL SELECT note FROM crm.payment_incomes
  UNION ALL SELECT note FROM crm.payment_expenses
  UNION ALL SELECT title FROM crm.document_links WHERE title IS NOT NULL`;

export interface MarkerFindings {
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly ghosts: readonly string[];
}

/** Acknowledged writes whose events are not in the log. */
export async function auditMarks(database: TestDatabase, { writes }: Ledger): Promise<string[]> {
  const rows = await database.rows<{ mark: string }>(MARKS_OF_LOG);
  const logged = new Set(rows.map(({ mark }) => mark));
  return writes.flatMap(({ kind, marks }) =>
    marks.filter((mark) => !logged.has(mark)).map((mark) => `${kind}: ${mark}`),
  );
}

/** Rows that an acknowledged request did not create, that one request created twice, or that none created. */
export async function auditMarkers(database: TestDatabase, { writes }: Ledger): Promise<MarkerFindings> {
  const rows = await database.rows<{ marker: string; count: number }>(
    `SELECT marker, count(*)::int AS count FROM (${MARKERS_OF_ROWS}) AS marked GROUP BY marker`,
  );
  const counts = new Map(rows.map(({ marker, count }) => [marker, count]));
  const possible = new Set(writes.flatMap(({ outcome, markers }) => (outcome === 'refused' ? [] : markers)));
  const acknowledged = writes.filter(({ outcome }) => outcome === 'acknowledged');
  return {
    missing: acknowledged.flatMap(({ kind, markers }) =>
      markers.filter((marker) => !counts.has(marker)).map((marker) => `${kind}: ${marker}`),
    ),
    doubled: rows.filter(({ count }) => count > 1).map(({ marker, count }) => `${marker}: ${count} rows`),
    ghosts: rows.filter(({ marker }) => !possible.has(marker)).map(({ marker }) => marker),
  };
}
