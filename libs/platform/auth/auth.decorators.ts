import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Caller } from '#platform/kernel';
import { authorizationRequired } from './auth.errors.js';

export const PUBLIC = 'auth:public';
export const TOKEN_IN_QUERY = 'auth:token-in-query';

/** What {@link AuthGuard} leaves on a request it let in. */
export interface AuthenticatedRequest {
  caller?: Caller;
  /** Milliseconds since the Unix epoch. */
  tokenExpiresAt?: number;
}

/** Marks a route, or all of a controller, that needs no token; a token that is sent anyway is not looked at. */
export const Public = () => SetMetadata(PUBLIC, true);

/**
 * Marks a route that also takes `?access_token=`. For event streams alone, whose clients can't send headers:
 * a token in a URL is written into logs on its way.
 */
export const AcceptsTokenInQuery = () => SetMetadata(TOKEN_IN_QUERY, true);

/**
 * The parameter that receives the {@link Caller}.
 * @throws DomainError `authorization_required` on a route that let the request in without a token.
 */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw authorizationRequired();
  return caller;
});

/**
 * The parameter that receives the moment the caller's token ends, in milliseconds since the Unix epoch.
 * @throws DomainError `authorization_required` on a route that let the request in without a token.
 */
export const TokenExpiry = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const { tokenExpiresAt } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (tokenExpiresAt === undefined) throw authorizationRequired();
  return tokenExpiresAt;
});
