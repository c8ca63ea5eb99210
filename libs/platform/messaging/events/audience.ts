/**
 * UUIDs of the users to whom an event is visible besides roles that see everything, as stored in the log: the owners of its
 * rows, then null, then the executors.
 */
export type Audience = readonly (string | null)[];

type UserIds = Iterable<string | null | undefined>;

/** Returns the audience of events of rows with these owners and executors; absent ones are omitted. */
export function audienceOf(owners: UserIds, executors: UserIds = []): Audience {
  const [first, second] = [present(owners), present(executors)];
  return first.length + second.length === 0 ? [] : [...first, null, ...second];
}

/**
 * Whether a user is in the audience.
 * @param ownerId the user, if own rows are in scope.
 * @param executorId the user, if assigned rows are in scope.
 */
export function isInAudience(audience: Audience, ownerId: string | null, executorId: string | null): boolean {
  const end = audience.indexOf(null);
  // Older events do not distinguish them.
  if (end === -1) return audience.includes(ownerId) || audience.includes(executorId);
  const asOwner = audience.indexOf(ownerId);
  return (asOwner !== -1 && asOwner < end) || (executorId !== null && audience.includes(executorId, end + 1));
}

function present(ids: UserIds): string[] {
  const users = new Set<string>();
  for (const id of ids) if (typeof id === 'string') users.add(id);
  return [...users];
}
