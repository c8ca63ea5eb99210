import { access, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';

/** Whose eyes a stream's events are for. */
export interface Viewer {
  /** UUID of the user, in lower case. */
  readonly userId: string;
  /** Whether every event is in scope; else those whose audience has the user. */
  readonly seesAll: boolean;
}

/**
 * Which events a caller may see: all of them for a role that reads every deal or the events feed.
 * @throws DomainError `forbidden` for a caller with no role.
 */
export function viewerOf(caller: Caller): Viewer {
  if (access(caller, 'events', 'read')) return { userId: caller.userId, seesAll: true };
  return { userId: caller.userId, seesAll: requireAccess(caller, 'deals', 'read').all };
}

export function isVisible(event: { readonly audience: readonly string[] }, viewer: Viewer): boolean {
  return viewer.seesAll || event.audience.includes(viewer.userId);
}
