import { setTimeout as delay } from 'node:timers/promises';
import { ProjectionRebuilds, type ProjectionState } from '#platform/messaging';
import { type Printed, report } from '../command.js';
import { withLog } from '../events/log.js';

const POLL_MS = 250;
/** Time limit for a leader to start it: a batch that is being processed ends first. */
const WAIT_MS = 15_000;

interface RebuildOptions extends Printed {
  readonly name: string;
  readonly partial?: true;
}

/**
 * `projections rebuild <name> [--partial]`: requests a rebuild and waits until the leader has started it.
 * @returns 1 when no leader has started it in time; the request stays.
 */
export async function rebuildProjection(options: RebuildOptions, env: NodeJS.ProcessEnv): Promise<number> {
  let state: ProjectionState | undefined;
  await withLog(env, false, async (app) => {
    const rebuilds = app.get(ProjectionRebuilds);
    await rebuilds.request(options.name, options.partial ?? false);
    const deadline = Date.now() + WAIT_MS;
    do {
      await delay(POLL_MS);
      state = (await rebuilds.list()).find(({ name }) => name === options.name);
    } while (state?.rebuild_requested_at && Date.now() < deadline);
  });
  const isRequested = Boolean(state?.rebuild_requested_at);
  const line = isRequested
    ? `The rebuild of ${options.name} is requested; it starts when a worker leads the projection.`
    : `The rebuild of ${options.name} has started: ${state?.lag ?? 0} event(s) to read. See npx crm projections list.`;
  report(options, state, line);
  return isRequested ? 1 : 0;
}
