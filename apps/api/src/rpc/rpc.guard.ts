import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { authorizationRequired, TokenVerifier } from '#platform/auth';
import { RequestContext } from '#platform/observability';
import type { RpcExchange } from './rpc-exchange.js';

/** Verifies the token of a request exactly as HTTP does. */
@Injectable()
export class RpcGuard implements CanActivate {
  constructor(private readonly verifier: TokenVerifier) {}

  /** @throws DomainError `authorization_required`, `invalid_token`, `token_expired` or `auth_unavailable`. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const token = context.switchToRpc().getData<{ readonly token?: unknown } | null | undefined>()?.token;
    if (typeof token !== 'string' || token === '') throw authorizationRequired();
    const { caller } = await this.verifier.verify(token);
    context.switchToRpc().getContext<RpcExchange>().caller = caller;
    const facts = RequestContext.current();
    if (facts) facts.callerId = caller.userId;
    return true;
  }
}
