import { createHmac } from 'node:crypto';

/** What test applications verify tokens with. */
export const TEST_SECRET = 'no secret, but long enough for HS256';

/** 2100-01-01: later than any clock of a test. */
const FAR_AWAY = 4_102_444_800;

/** Whom a token is for. */
export interface TokenSubject {
  /** UUID. */
  readonly userId: string;
  /** Names as the Auth service gives them, e.g. `ROLE_ADMIN`. */
  readonly roles: readonly string[];
  /** Seconds since the Unix epoch. */
  readonly expiresAt?: number;
  /** For programs that accept one issuer and audience only. */
  readonly issuer?: string;
  readonly audience?: string;
}

/** An HS256 access token that test applications accept. */
export function accessToken({ userId, roles, expiresAt = FAR_AWAY, issuer, audience }: TokenSubject): string {
  const signed = [
    { alg: 'HS256', typ: 'JWT' },
    { sub: userId, roles, exp: expiresAt, iss: issuer, aud: audience },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${createHmac('sha256', TEST_SECRET).update(signed).digest('base64url')}`;
}
