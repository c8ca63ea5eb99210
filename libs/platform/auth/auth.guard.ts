import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RequestContext } from '#platform/observability';
import { type AuthenticatedRequest, PUBLIC, TOKEN_IN_QUERY } from './auth.decorators.js';
import { authorizationRequired } from './auth.errors.js';
import { presentedToken, type TokenBearingRequest } from './presented-token.js';
import type { VerifiedToken } from './token-claims.js';
import { TokenVerifier } from './token-verifier.js';

/**
 * Lets in whoever shows a good token, and says who it is: the only place where an HTTP request gets its caller.
 * Register it for the whole application: `{ provide: APP_GUARD, useExisting: AuthGuard }`.
 * What is no HTTP request has no token to show and is refused unless its handler is {@link Public}.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly verifier: TokenVerifier,
    private readonly reflector: Reflector,
  ) {}

  /**
   * Answers at once for a token that is known, so that a request doesn't pay for a promise more.
   * @throws DomainError `authorization_required`, `invalid_token`, `token_expired` or `auth_unavailable`.
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.isMarked(context, PUBLIC)) return true;
    if (context.getType() !== 'http') throw authorizationRequired();
    const request = context.switchToHttp().getRequest<TokenBearingRequest & AuthenticatedRequest>();
    const token = presentedToken(request, this.isMarked(context, TOKEN_IN_QUERY));
    if (token === undefined) throw authorizationRequired();
    const known = this.verifier.recall(token);
    if (known) return letIn(request, known);
    return this.verifier.verify(token).then((verified) => letIn(request, verified));
  }

  private isMarked(context: ExecutionContext, mark: string): boolean {
    return (
      this.reflector.getAllAndOverride<boolean | undefined>(mark, [context.getHandler(), context.getClass()]) === true
    );
  }
}

function letIn(request: AuthenticatedRequest, { caller, expiresAt }: VerifiedToken): true {
  request.caller = caller;
  request.tokenExpiresAt = expiresAt;
  const facts = RequestContext.current();
  if (facts) facts.callerId = caller.userId;
  return true;
}
