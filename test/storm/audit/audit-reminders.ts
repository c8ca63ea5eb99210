import type { TestDatabase } from '#platform/testing';
import type { Due } from '../load/scenarios.js';
import type { Findings } from './findings.js';

/** Reminders that were published twice, and due rows without one. */
export async function auditReminders(database: TestDatabase, due: Due): Promise<Findings> {
  const published = await database.rows<{ key: string; subject: string; count: number }>(
    `SELECT data ->> 'key' AS key, split_part(data ->> 'key', '/', 2) AS subject, count(*)::int AS count
     FROM crm.event_log WHERE data ->> 'key' IS NOT NULL GROUP BY 1, 2`,
  );
  const subjects = new Set(published.map(({ subject }) => subject));
  return {
    'reminders that were published twice': published
      .filter(({ count }) => count > 1)
      .map(({ key, count }) => `${key}: ${count} events`),
    'due rows without a reminder': [...due.deals, ...due.payments].filter((id) => !subjects.has(id)),
  };
}
