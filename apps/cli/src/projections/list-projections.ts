import { ProjectionRebuilds, type ProjectionState } from '#platform/messaging';
import { print, type Printed } from '../command.js';
import { withLog } from '../events/log.js';

/** `projections list [--json]`: lists the projections with position, lag and leader. */
export async function listProjections({ json }: Printed, env: NodeJS.ProcessEnv): Promise<number> {
  await withLog(env, false, async (app) => {
    const projections = await app.get(ProjectionRebuilds).list();
    if (json) print(JSON.stringify(projections));
    else if (projections.length === 0) print('There are no projections: no worker has started one yet.');
    else for (const projection of projections) print(lineOf(projection));
  });
  return 0;
}

function lineOf({ name, position, lag, leader, is_rebuildable: isRebuildable, ...times }: ProjectionState): string {
  const led = leader === null ? 'no leader' : `led from ${leader}`;
  const rebuild = times.rebuild_requested_at
    ? `rebuild requested ${times.rebuild_requested_at}`
    : isRebuildable
      ? `last rebuild started ${times.rebuild_started_at ?? 'never'}`
      : 'not rebuildable';
  return `${name.padEnd(30)}  at ${position.padStart(10)}  ${String(lag).padStart(8)} behind  ${led}  ${rebuild}`;
}
