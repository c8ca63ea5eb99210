import { access, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';

/** Whose eyes a stream's events are for. */
export interface Viewer {
  /** UUID of the user, in lower case. */
  readonly userId: string;
  /** Whether every event is in scope; else those whose audience has the user. */
  readonly seesAll: boolean;
  /** Whether the progress of imports is in scope, which has no audience. */
  readonly seesImports: boolean;
}

const OF_IMPORTS = 'import.';

/**
 * Which events a caller may see: all of them for a role that reads every deal or the events feed.
 * @throws DomainError `forbidden` for a caller with no role.
 */
export function viewerOf(caller: Caller): Viewer {
  const { userId } = caller;
  const seesImports = access(caller, 'imports', 'read') !== null;
  if (access(caller, 'events', 'read')) return { userId, seesAll: true, seesImports };
  return { userId, seesAll: requireAccess(caller, 'deals', 'read').all, seesImports };
}

export function isVisible(
  event: { readonly type: string; readonly audience: readonly string[] },
  viewer: Viewer,
): boolean {
  if (event.type.startsWith(OF_IMPORTS)) return viewer.seesImports;
  return viewer.seesAll || event.audience.includes(viewer.userId);
}
