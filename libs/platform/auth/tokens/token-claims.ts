import { type Caller, isUuid } from '#platform/kernel';
import { invalidToken, tokenExpired } from '../auth.errors.js';
import { rolesOf } from '../access/roles.js';

/** A verified token: its caller and its end. NestJS and passport put it on the request as `user`. */
export interface VerifiedToken {
  readonly caller: Caller;
  /** Milliseconds since the Unix epoch; the token is not valid any more from this moment on. */
  readonly expiresAt: number;
}

/** Claims of a token whose signature, issuer and audience are verified. */
export interface TokenPayload {
  readonly claims: Readonly<Record<string, unknown>>;
  /** `VerificationKeys.revision` at the time of the verification. */
  readonly keyRevision: number;
}

/** How far the issuer's clock may run ahead of ours, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5_000;

/**
 * Reads the claims of a token whose signature, issuer and audience were already found good.
 * @param now milliseconds since the Unix epoch.
 * @throws DomainError `invalid_token` for claims that are missing, of another shape or not yet in force,
 * `token_expired` when they are past.
 */
export function readClaims(payload: Readonly<Record<string, unknown>>, now: number): VerifiedToken {
  const { sub, roles, exp, nbf, iat } = payload;
  if (!isUuid(sub) || !isNumericDate(exp) || !isRoleList(roles)) throw invalidToken();
  if ((nbf !== undefined && !isNumericDate(nbf)) || (iat !== undefined && !isNumericDate(iat))) throw invalidToken();
  if (nbf !== undefined && nbf * 1000 > now + CLOCK_TOLERANCE_MS) throw invalidToken();
  const expiresAt = Math.floor(exp * 1000);
  // No tolerance here: a stream that is open until `expiresAt` must end then.
  if (now >= expiresAt) throw tokenExpired();
  // PostgreSQL writes UUIDs in lower case, and owners are compared as text.
  const caller: Caller = Object.freeze({ userId: sub.toLowerCase(), roles: rolesOf({ roles }) });
  return Object.freeze({ caller, expiresAt });
}

/** Seconds since the Unix epoch; what JSON can write but milliseconds can't represent (1e309) is no date. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value * 1000 <= Number.MAX_SAFE_INTEGER;
}

function isRoleList(value: unknown): value is readonly string[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every((name) => typeof name === 'string'));
}
