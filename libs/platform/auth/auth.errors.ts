import { DomainError } from '#platform/kernel';

/** Nothing was shown that says who asks. */
export function authorizationRequired(): DomainError {
  return new DomainError('unauthenticated', 'authorization_required', 'An access token is required; sign in first.');
}

/** The header has a token alone, without the scheme in front of it. */
export function bearerMissing(): DomainError {
  const detail = 'Put the scheme in front of the token: `Authorization: Bearer <token>`.';
  return new DomainError('unauthenticated', 'authorization_required', detail);
}

/** The token is invalid; the reason is not disclosed, so that an attacker learns nothing by trying. */
export function invalidToken(): DomainError {
  return new DomainError('unauthenticated', 'invalid_token', 'The access token is not valid; sign in again.');
}

/** The token was ours, and its time is over. */
export function tokenExpired(): DomainError {
  return new DomainError(
    'unauthenticated',
    'token_expired',
    'The access token has expired; refresh it or sign in again.',
  );
}

/** The token cannot be verified at present; clients must not sign their user out. */
export function authUnavailable(): DomainError {
  return new DomainError(
    'unavailable',
    'auth_unavailable',
    'Access tokens cannot be verified at the moment; try again.',
  );
}

/** The caller is known and may not do this to any row at all. */
export function forbidden(): DomainError {
  return new DomainError('forbidden', 'forbidden', 'None of your roles allows this; ask an administrator.');
}

/** A page of another site may have sent the change: the browser adds the cookie to its requests too. */
export function crossSiteRequest(): DomainError {
  return new DomainError(
    'forbidden',
    'cross_site_request',
    'A change with a token from a cookie must come from a page of this service. Send the token in the Authorization header.',
  );
}
