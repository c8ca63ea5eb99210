import { setTimeout as delay } from 'node:timers/promises';
import { type ParkedCount, ParkedEvents } from '#platform/messaging';
import { type Printed, report } from '../command.js';
import { withLog } from './log.js';

const POLL_MS = 250;
/** Time limit for the publisher to send the parked events. */
const WAIT_MS = 10_000;

/**
 * `events release [--json]`: makes the publisher send parked events again at once.
 * @returns 1 when some are still parked after ten seconds.
 */
export async function releaseEvents(options: Printed, env: NodeJS.ProcessEnv): Promise<number> {
  let before = 0;
  let left: readonly ParkedCount[] = [];
  await withLog(env, false, async (app) => {
    const parked = app.get(ParkedEvents);
    left = await parked.counts();
    before = eventsOf(left);
    await parked.retryNow();
    const deadline = Date.now() + WAIT_MS;
    while (left.length > 0 && Date.now() < deadline) {
      await delay(POLL_MS);
      left = await parked.counts();
    }
  });
  const still = left.map(({ type, events }) => `${events} × ${type}`).join(', ');
  const line =
    left.length === 0
      ? `No event is parked any more; ${before} were.`
      : `${eventsOf(left)} of ${before} event(s) are still parked: ${still}. Is a worker running? Is a queue still full?`;
  report(options, { before, left }, line);
  return left.length > 0 ? 1 : 0;
}

function eventsOf(counts: readonly ParkedCount[]): number {
  return counts.reduce((sum, { events }) => sum + events, 0);
}
