import { until } from '#platform/testing';
import type { Site } from '../faults/site.js';

const SETTLES_WITHIN_MS = 600_000;

const LEFT = `
  SELECT (SELECT count(*)::int FROM crm.event_log WHERE position IS NULL) AS "without position",
         (SELECT s.position - coalesce(min(c.position), 0) FROM crm.event_cursors c, crm.event_cursors s
           WHERE s.name = 'sequencer' GROUP BY s.position)::int AS "behind the log",
         (SELECT count(*)::int FROM crm.parked_events) AS "parked",
         (SELECT count(*)::int FROM crm.job_requests WHERE state = 'pending') AS "pending jobs",
         (SELECT count(*)::int FROM crm.import_runs WHERE finished_at IS NULL) AS "open imports"`;

/**
 * Waits until the service has no work left: every event has its position, is published and projected, every job and
 * import has ended.
 * @returns what is left after a long time; nothing otherwise.
 */
export async function settle(site: Site): Promise<string[]> {
  let left: [string, number][] = [];
  const isSettled = async (): Promise<boolean> => {
    const [counts] = await site.installation.database.rows<Record<string, number>>(LEFT);
    left = Object.entries(counts!).filter(([, count]) => count !== 0);
    return left.length === 0;
  };
  await until(isSettled, SETTLES_WITHIN_MS).catch(() => undefined);
  return left.map(([what, count]) => `${what}: ${count}`);
}
