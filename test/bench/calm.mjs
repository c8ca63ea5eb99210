/** The worker with nothing to do by itself: what a workload measures is then its own doing. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
/** Looks that must find nothing to do, one after another. */
const CALM_LOOKS = 4;

const UNDONE = `
  SELECT (SELECT count(*) FROM crm.job_requests WHERE state = 'pending' AND run_after <= now())::int AS jobs,
    (SELECT count(*) FROM crm.event_log WHERE position IS NULL)::int AS unplaced,
    (SELECT c.position - coalesce(p.position, 0) FROM crm.event_cursors c
      LEFT JOIN crm.event_cursors p ON p.name = 'rabbitmq' WHERE c.name = 'sequencer')::int AS unpublished`;

/** What keeps a worker's daily work away: a zone where it is one o'clock at night. */
export function nightZone() {
  const ahead = (25 - new Date().getUTCHours()) % 24;
  const offset = ahead > 14 ? ahead - 24 : ahead;
  return { CRM_TIMEZONE: `Etc/GMT${offset > 0 ? '-' : '+'}${Math.abs(offset)}` };
}

/** Waits until no job waits and every event is published. */
export async function calm(book) {
  for (let looks = 0; looks < CALM_LOOKS; looks++) {
    const [{ jobs, unplaced, unpublished }] = await book.query(UNDONE);
    if (jobs > 0 || unplaced > 0 || unpublished > 0) looks = -1;
    await delay(POLL_MS);
  }
}
