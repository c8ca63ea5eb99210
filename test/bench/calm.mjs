/** Keeps the worker idle, so that a workload measures only its own work. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
/** Number of consecutive checks that must find no work. */
const CALM_LOOKS = 4;

const UNDONE = `
  SELECT (SELECT count(*) FROM crm.job_requests WHERE state = 'pending' AND run_after <= now())::int AS jobs,
    (SELECT count(*) FROM crm.event_log WHERE position IS NULL)::int AS unplaced,
    (SELECT c.position - coalesce(p.position, 0) FROM crm.event_cursors c
      LEFT JOIN crm.event_cursors p ON p.name = 'rabbitmq' WHERE c.name = 'sequencer')::int AS unpublished`;

/** Prevents the daily runs: a time zone in which it is 01:00. */
export function nightZone() {
  const ahead = (25 - new Date().getUTCHours()) % 24;
  const offset = ahead > 14 ? ahead - 24 : ahead;
  return { CRM_TIMEZONE: `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}` };
}

/** Waits until no job is pending and every event is published. */
export async function calm(book) {
  for (let looks = 0; looks < CALM_LOOKS; looks++) {
    const [{ jobs, unplaced, unpublished }] = await book.query(UNDONE);
    if (jobs > 0 || unplaced > 0 || unpublished > 0) looks = -1;
    await delay(POLL_MS);
  }
}
