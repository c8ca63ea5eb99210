import { type Caller, DomainError } from '#platform/kernel';

/**
 * The user an act is written down for: the caller, whom a body may repeat. Only an admin or a service may name
 * another user.
 * @param given what the body says, if anything.
 * @param field the body's member, for the answer: `author_id`.
 * @returns a UUID in lower case.
 * @throws DomainError `actor_mismatch`.
 */
export function requireActor(caller: Caller, given: string | null | undefined, field: string): string {
  const actorId = given?.toLowerCase() ?? caller.userId;
  if (actorId === caller.userId || caller.roles.has('admin') || caller.roles.has('service')) return actorId;
  const detail = `${field} names another user; leave it out, it is taken from the access token.`;
  throw new DomainError('forbidden', 'actor_mismatch', detail, {
    errors: [{ pointer: `/${field}`, code: 'actor_mismatch', detail }],
  });
}
