import { invalidToken } from '../auth.errors.js';

/** The cookie that browsers carry the access token in. */
const COOKIE = 'crm_access_token';
const QUERY_PARAMETER = 'access_token';
const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** What is read of a Fastify request. */
export interface TokenBearingRequest {
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
  /** The parsed query string. */
  readonly query?: unknown;
  readonly raw: { readonly rawHeaders: readonly string[] };
  readonly routeOptions?: { readonly config: { readonly takesTokenInQuery?: boolean } };
}

/**
 * Reads the access token of a request without verifying it: `Authorization: Bearer`, else the query parameter
 * `access_token` (on routes marked with `AcceptsTokenInQuery`), else the cookie `crm_access_token`. A browser adds the
 * cookie to every request, so it comes last. Another authorization scheme and an empty cookie count as no token.
 * @returns undefined when the request has no token.
 * @throws DomainError `invalid_token` when the request has several tokens of one kind.
 */
export function accessTokenOf(request: TokenBearingRequest): string | undefined {
  return setByClient(request) ?? fromCookie(request.headers.cookie);
}

/**
 * Whether {@link accessTokenOf} takes the token from the cookie, which a browser adds to requests of any page.
 * @throws DomainError as {@link accessTokenOf} does.
 */
export function isTokenFromCookie(request: TokenBearingRequest): boolean {
  return setByClient(request) === undefined && fromCookie(request.headers.cookie) !== undefined;
}

function setByClient(request: TokenBearingRequest): string | undefined {
  return fromHeader(request) ?? (request.routeOptions?.config.takesTokenInQuery ? fromQuery(request.query) : undefined);
}

function fromHeader({ headers, raw }: TokenBearingRequest): string | undefined {
  const { authorization } = headers;
  if (!authorization) return undefined;
  // Node keeps the first of several and a proxy may have looked at the last: take neither.
  if (countOf('authorization', raw.rawHeaders) > 1) throw invalidToken();
  if (authorization.slice(0, 6).toLowerCase() !== 'bearer') return undefined;
  if (authorization[6] === ' ') return authorization.slice(7);
  if (authorization.length === 6) throw invalidToken();
  return undefined;
}

/** Whether the header `Authorization` is the text of a JWT alone: the scheme `Bearer` was forgotten. */
export function isBearerMissing({ headers }: TokenBearingRequest): boolean {
  return headers.authorization !== undefined && JWT.test(headers.authorization);
}

/** How often a header stands in Node's flat list of names and values. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const header = rawHeaders[i]!;
    if (header.length === name.length && header.toLowerCase() === name) count += 1;
  }
  return count;
}

function fromQuery(query: unknown): string | undefined {
  const value = (query as Readonly<Record<string, unknown>> | undefined)?.[QUERY_PARAMETER];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidToken();
}

/** Refuses two cookies of the name: a neighbouring subdomain may have planted one, and a parser keeps only the first. */
function fromCookie(header: string | undefined): string | undefined {
  if (!header?.includes(COOKIE)) return undefined;
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === COOKIE) values.push(pair.slice(equals + 1).trim());
  }
  if (values.length > 1) throw invalidToken();
  return values[0] || undefined;
}
