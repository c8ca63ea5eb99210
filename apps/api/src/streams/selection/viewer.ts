import { access, requireAccess, type Scope } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { type Audience, isInAudience } from '#platform/messaging';

/** The user of a stream, with the scope that filters its events. */
export interface Viewer {
  /** UUID of the user, in lower case. */
  readonly userId: string;
  /** Whether every event is in scope, or those that have the user in their audience as owner, or as executor. */
  readonly scope: Scope;
  /** Whether the progress of imports is in scope, which has no audience. */
  readonly seesImports: boolean;
}

const OF_IMPORTS = 'import.';

/**
 * Returns the scope of a caller's streams: everything for a role that reads every deal or the event feed.
 * @throws DomainError `forbidden` for a caller with no role.
 */
export function viewerOf(caller: Caller): Viewer {
  const { userId } = caller;
  const seesImports = access(caller, 'imports', 'read') !== null;
  return { userId, scope: access(caller, 'events', 'read') ?? requireAccess(caller, 'deals', 'read'), seesImports };
}

export function isVisible(
  { type, audience }: { readonly type: string; readonly audience: Audience },
  { scope, seesImports }: Viewer,
): boolean {
  if (type.startsWith(OF_IMPORTS)) return seesImports;
  return scope.all || isInAudience(audience, scope.ownerId, scope.executorId);
}
