import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { RequestContext } from '#platform/observability';
import { type AuthenticatedRequest, PUBLIC } from './auth.decorators.js';
import { authorizationRequired, bearerMissing } from './auth.errors.js';
import { type BrowserRequest, CrossSiteCheck } from './cross-site-check.js';
import { accessTokenOf, isBearerMissing } from './tokens/presented-token.js';
import type { TokenPayload, VerifiedToken } from './tokens/token-claims.js';
import { TokenVerifier } from './tokens/token-verifier.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Lets in HTTP requests with a valid access token: passport's guard for {@link JwtStrategy}, which is not run for a
 * token in the cache of {@link TokenVerifier}. Leaves the token on the request as `user`. Anything but HTTP is refused
 * unless its handler is {@link Public}.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  private readonly publicHandlers = new Map<object, Map<Handler, boolean>>();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly crossSite: CrossSiteCheck,
    private readonly reflector: Reflector,
  ) {
    super();
  }

  /**
   * Answers without a promise for a token in the cache.
   * @throws DomainError `authorization_required`, `invalid_token`, `token_expired`, `cross_site_request` or
   *   `auth_unavailable`.
   */
  override canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.isPublic(context)) return true;
    if (context.getType() !== 'http') throw authorizationRequired();
    const request = requestOf(context);
    const token = accessTokenOf(request);
    if (token === undefined) throw isBearerMissing(request) ? bearerMissing() : authorizationRequired();
    this.crossSite.require(request);
    const known = this.verifier.recall(token);
    if (!known) return super.canActivate(context) as Promise<boolean>;
    request.user = identified(known);
    return true;
  }

  /** Called by passport's guard, which puts the result on the request. */
  override handleRequest<T = VerifiedToken>(
    error: Error | null,
    payload: TokenPayload | false,
    failure: unknown,
    context: ExecutionContext,
  ): T {
    const token = accessTokenOf(requestOf(context))!;
    return identified(this.verifier.accept(token, [error, payload, failure])) as T;
  }

  /** Looked up once per controller, because an inherited handler belongs to several. */
  private isPublic(context: ExecutionContext): boolean {
    const [handler, controller] = [context.getHandler(), context.getClass()];
    const ofController = this.publicHandlers.get(controller) ?? new Map<Handler, boolean>();
    this.publicHandlers.set(controller, ofController);
    let isPublic = ofController.get(handler);
    if (isPublic === undefined) {
      isPublic = this.reflector.getAllAndOverride(PUBLIC, [handler, controller]) === true;
      ofController.set(handler, isPublic);
    }
    return isPublic;
  }
}

function requestOf(context: ExecutionContext): BrowserRequest & AuthenticatedRequest {
  return context.switchToHttp().getRequest<BrowserRequest & AuthenticatedRequest>();
}

/** Gives log lines and events of the request their caller. */
function identified(user: VerifiedToken): VerifiedToken {
  const facts = RequestContext.current();
  if (facts) facts.callerId = user.caller.userId;
  return user;
}
