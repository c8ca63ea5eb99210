import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RequestContext } from '#platform/observability';
import { type AuthenticatedRequest, PUBLIC, TOKEN_IN_QUERY } from './auth.decorators.js';
import { authorizationRequired } from './auth.errors.js';
import { type BrowserRequest, CrossSiteCheck } from './cross-site-check.js';
import { presentedToken } from './tokens/presented-token.js';
import type { VerifiedToken } from './tokens/token-claims.js';
import { TokenVerifier } from './tokens/token-verifier.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** What a route says of its tokens. */
interface Marks {
  readonly isPublic: boolean;
  readonly takesTokenInQuery: boolean;
}

/**
 * Lets in whoever shows a good token, and says who it is: the only place where an HTTP request gets its caller.
 * Register it for the whole application: `{ provide: APP_GUARD, useExisting: AuthGuard }`.
 * What is no HTTP request has no token to show and is refused unless its handler is {@link Public}.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  private readonly marks = new Map<Type, Map<Handler, Marks>>();

  constructor(
    private readonly verifier: TokenVerifier,
    private readonly crossSite: CrossSiteCheck,
    private readonly reflector: Reflector,
  ) {}

  /**
   * Answers at once for a token that is known, so that a request doesn't pay for a promise more.
   * @throws DomainError `authorization_required`, `invalid_token`, `token_expired`, `cross_site_request` or
   *   `auth_unavailable`.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const marks = this.marksOf(context.getHandler(), context.getClass());
    if (marks.isPublic) return true;
    if (context.getType() !== 'http') throw authorizationRequired();
    const request = context.switchToHttp().getRequest<BrowserRequest & AuthenticatedRequest>();
    const token = presentedToken(request, marks.takesTokenInQuery);
    if (token === undefined) throw authorizationRequired();
    this.crossSite.require(request, marks.takesTokenInQuery);
    const known = this.verifier.recall(token);
    if (known) return letIn(request, known);
    return this.verifier.verify(token).then((verified) => letIn(request, verified));
  }

  /** Looked up once a route: a controller may have inherited its handler. */
  private marksOf(handler: Handler, controller: Type): Marks {
    const ofController = this.marks.get(controller) ?? new Map<Handler, Marks>();
    this.marks.set(controller, ofController);
    let marks = ofController.get(handler);
    if (!marks) {
      const has = (mark: string): boolean => this.reflector.getAllAndOverride(mark, [handler, controller]) === true;
      marks = { isPublic: has(PUBLIC), takesTokenInQuery: has(TOKEN_IN_QUERY) };
      ofController.set(handler, marks);
    }
    return marks;
  }
}

function letIn(request: AuthenticatedRequest, { caller, expiresAt }: VerifiedToken): true {
  request.caller = caller;
  request.tokenExpiresAt = expiresAt;
  const facts = RequestContext.current();
  if (facts) facts.callerId = caller.userId;
  return true;
}
