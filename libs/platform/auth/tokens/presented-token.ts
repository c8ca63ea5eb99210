import { invalidToken } from '../auth.errors.js';

/** The cookie that browsers carry the access token in. */
const COOKIE = 'crm_access_token';
const QUERY_PARAMETER = 'access_token';

/** What is read of a Fastify request. */
export interface TokenBearingRequest {
  readonly headers: { readonly authorization?: string | undefined; readonly cookie?: string | undefined };
  /** The parsed query string. */
  readonly query?: unknown;
  readonly raw: { readonly rawHeaders: readonly string[] };
}

/**
 * The token a request shows, not verified: `Authorization: Bearer`, else (where `inQuery` allows it) the query
 * parameter `access_token`, else the cookie `crm_access_token`. What the client wrote for this request comes before
 * the cookie, which the browser adds by itself. Another authorization scheme, or an empty cookie, shows no token.
 * @returns undefined when none is shown.
 * @throws DomainError `invalid_token` when it isn't clear which token is meant.
 */
export function presentedToken(request: TokenBearingRequest, inQuery: boolean): string | undefined {
  return shownByClient(request, inQuery) ?? fromCookie(request.headers.cookie);
}

/**
 * Whether {@link presentedToken} takes the token from the cookie, which a browser adds to requests of any page.
 * @throws DomainError as {@link presentedToken} does.
 */
export function isTokenFromCookie(request: TokenBearingRequest, inQuery: boolean): boolean {
  const { cookie } = request.headers;
  return shownByClient(request, inQuery) === undefined && fromCookie(cookie) !== undefined;
}

function shownByClient(request: TokenBearingRequest, inQuery: boolean): string | undefined {
  return fromHeader(request) ?? (inQuery ? fromQuery(request.query) : undefined);
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

/** Two cookies of the name are one too many: a neighbouring subdomain may have planted the other. */
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
