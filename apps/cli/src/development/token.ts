import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AuthSettings, loadSettings } from '#platform/config';
import { isUuid, type Role } from '#platform/kernel';
import { storedSecret } from '#platform/services';
import { CommandError, DATA_DIRECTORY, type Printed, report } from '../command.js';
import { demoUser } from '../demo/content/users.js';

const LIFETIME_S = 8 * 3_600;

/** The secret of `npm start` for access tokens, when none is configured. */
export const SECRET_FILE = join(DATA_DIRECTORY, 'jwt-secret');

/** The names the Auth service gives to the roles. */
const CLAIM: Readonly<Record<Role, string>> = {
  seller: 'ROLE_SALES_AGENT',
  executor: 'ROLE_EXECUTOR',
  finance: 'ROLE_FINANCE_MANAGER',
  lead: 'ROLE_TEAM_LEAD',
  admin: 'ROLE_ADMIN',
  service: 'service',
};

interface TokenOptions extends Printed {
  readonly role: Role;
  readonly user?: string;
}

/** `token --role <role> [--user <uuid>]`: prints an access token for development. */
export async function token(options: TokenOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { role, user } = options;
  if (user !== undefined && !isUuid(user)) throw new CommandError('--user must be a UUID.');
  const auth = developmentAuth(env);
  if (!auth.accessSecret) {
    throw new CommandError(
      'Tokens come from the issuer that CRM_JWT_PUBLIC_KEY or CRM_JWT_JWKS_URL names: unset it to sign here.',
    );
  }
  const signed = signToken(role, auth, auth.accessSecret, user);
  report(options, { token: signed }, signed);
  return 0;
}

/** Whether the environment says how tokens are verified. */
export function isAuthConfigured(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env.CRM_JWT_ACCESS_SECRET || env.CRM_JWT_PUBLIC_KEY || env.CRM_JWT_JWKS_URL);
}

/**
 * How tokens are verified: as configured, else with a random secret that is stored in {@link SECRET_FILE}.
 * @throws SettingsError
 */
export function developmentAuth(env: NodeJS.ProcessEnv): AuthSettings {
  const secret = isAuthConfigured(env) ? {} : { CRM_JWT_ACCESS_SECRET: developmentSecret() };
  return loadSettings({ ...env, ...secret }, [AuthSettings]).get(AuthSettings) as AuthSettings;
}

/** An HS256 token of 8 hours for `userId`, or for the demo user of the role. */
export function signToken(role: Role, auth: AuthSettings, secret: string, userId?: string): string {
  const { id, email } = demoUser(role);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: userId ?? id,
    email,
    roles: [CLAIM[role]],
    iss: auth.issuer,
    aud: auth.audience,
    iat: now,
    exp: now + LIFETIME_S,
  };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function developmentSecret(): string {
  mkdirSync(DATA_DIRECTORY, { recursive: true });
  return storedSecret(SECRET_FILE);
}
