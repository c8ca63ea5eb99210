import { Injectable } from '@nestjs/common';
import { AuthSettings } from '#platform/config';
import { crossSiteRequest } from './auth.errors.js';
import { isTokenFromCookie, type TokenBearingRequest } from './tokens/presented-token.js';

/** What is read of a Fastify request. */
export interface BrowserRequest extends TokenBearingRequest {
  readonly method: string;
  /** Requested host name and port; those that a trusted proxy forwards, if any. */
  readonly host: string;
  readonly headers: TokenBearingRequest['headers'] & {
    readonly origin?: string | undefined;
    readonly 'sec-fetch-site'?: string | string[] | undefined;
  };
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const HTTP_PROTOCOLS = new Set(['http:', 'https:']);
/** The page that sends the request is ours, or the user typed the address. */
const OWN_SITES = new Set<unknown>(['same-origin', 'none']);

/**
 * Refuses changes that a page of another site sends with the user's cookie (CSRF). A token in a header needs no check:
 * a page of another site does not know it.
 */
@Injectable()
export class CrossSiteCheck {
  private readonly allowedOrigins: ReadonlySet<string>;

  constructor(settings: AuthSettings) {
    this.allowedOrigins = new Set(settings.allowedOrigins);
  }

  /** @throws DomainError 403 `cross_site_request`. */
  require(request: BrowserRequest): void {
    if (SAFE_METHODS.has(request.method) || !isTokenFromCookie(request)) return;
    const { origin, 'sec-fetch-site': site } = request.headers;
    if (OWN_SITES.has(site)) return;
    if (origin !== undefined && this.allowedOrigins.has(origin)) return;
    // A browser that does not send Sec-Fetch-Site, or a page without TLS.
    if (site === undefined && origin !== undefined && isOriginOf(origin, request.host)) return;
    throw crossSiteRequest();
  }
}

/**
 * Compares the host name and the port of a page loaded by HTTP. The scheme may differ behind a proxy that ends TLS, but
 * an origin of a browser extension (`chrome-extension://…`) or of a file is never the API's own.
 */
function isOriginOf(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (!HTTP_PROTOCOLS.has(protocol)) return false;
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === originHost;
}
