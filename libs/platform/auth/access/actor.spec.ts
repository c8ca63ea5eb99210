import { type Caller, newId, type Role, ROLES } from '#platform/kernel';
import { requireActor } from './actor.js';

const ME = newId();
const OTHER = newId();

function callerWith(...roles: Role[]): Caller {
  return { userId: ME, roles: new Set(roles) };
}

describe('the actor of a change', () => {
  it('is the caller when the body says nothing or the same', () => {
    for (const given of [undefined, null, ME, ME.toUpperCase()]) {
      expect(requireActor(callerWith('seller'), given, 'author_id')).toBe(ME);
    }
  });

  it.each(ROLES.filter((role) => role !== 'admin' && role !== 'service'))('is no other user for %s', (role) => {
    expect(() => requireActor(callerWith(role), OTHER, 'author_id')).toThrow(
      expect.objectContaining({
        kind: 'forbidden',
        code: 'actor_mismatch',
        details: { errors: [expect.objectContaining({ pointer: '/author_id', code: 'actor_mismatch' })] },
      }),
    );
  });

  it.each(['admin', 'service'] as const)('may be another user for %s', (role) => {
    expect(requireActor(callerWith(role, 'seller'), OTHER.toUpperCase(), 'author_id')).toBe(OTHER);
  });
});
