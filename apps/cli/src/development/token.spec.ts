import { createHmac } from 'node:crypto';
import { AuthSettings } from '#platform/config';
import { ROLES } from '#platform/kernel';
import { DEMO_USERS } from '../demo/content/users.js';
import { signToken } from './token.js';

const SECRET = 'a secret that is long enough to sign with';

function claimsOf(token: string): Record<string, unknown> {
  const [header, payload, signature] = token.split('.');
  expect(signature).toBe(createHmac('sha256', SECRET).update(`${header}.${payload}`).digest('base64url'));
  return JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>;
}

describe('a development token', () => {
  it('is for the demo user of its role, under the name that the Auth service gives to it, for 8 hours', () => {
    const claims = ROLES.map((role) => claimsOf(signToken(role, new AuthSettings({}), SECRET)));
    expect(claims.flatMap(({ roles }) => roles)).toEqual([
      'ROLE_SALES_AGENT',
      'ROLE_EXECUTOR',
      'ROLE_FINANCE_MANAGER',
      'ROLE_TEAM_LEAD',
      'ROLE_ADMIN',
      'service',
    ]);
    const roles = claims.slice(0, -1).map(({ sub }) => DEMO_USERS.find(({ id }) => id === sub)?.role);
    expect(roles).toEqual(ROLES.slice(0, -1));
    expect(claims.map(({ exp, iat }) => Number(exp) - Number(iat))).toEqual(ROLES.map(() => 28_800));
    expect(claims[0]).not.toHaveProperty('iss');
  });

  it('names the requested issuer and audience, and another user', () => {
    const auth = new AuthSettings({ issuer: 'auth', audience: 'crm' });
    const user = '11111111-1111-4111-8111-111111111111';
    expect(claimsOf(signToken('admin', auth, SECRET, user))).toMatchObject({ iss: 'auth', aud: 'crm', sub: user });
  });
});
