import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Caller } from '#platform/kernel';
import { authorizationRequired } from './auth.errors.js';
import type { VerifiedToken } from './tokens/token-claims.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Set by {@link AcceptsTokenInQuery}. */
    takesTokenInQuery?: boolean;
  }
}

export const PUBLIC = 'auth:public';

/** A request that {@link JwtAuthGuard} has let in has a `user`; one to a public route has none. */
export interface AuthenticatedRequest {
  user?: VerifiedToken;
}

/** Marks a route, or all of a controller, that needs no token; a token that is sent anyway is not looked at. */
export const Public = () => SetMetadata(PUBLIC, true);

/**
 * Marks a route that also takes `?access_token=`. For event streams alone, whose clients can't send headers:
 * a token in a URL is written into logs on its way.
 */
export const AcceptsTokenInQuery = () => RouteConfig({ takesTokenInQuery: true });

/**
 * The parameter that receives the {@link Caller}.
 * @throws DomainError `authorization_required` on a public route.
 */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext): Caller => userOf(context).caller,
);

/**
 * The parameter that receives the end of the caller's token, in milliseconds since the Unix epoch.
 * @throws DomainError `authorization_required` on a public route.
 */
export const TokenExpiry = createParamDecorator(
  (_: unknown, context: ExecutionContext): number => userOf(context).expiresAt,
);

function userOf(context: ExecutionContext): VerifiedToken {
  const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!user) throw authorizationRequired();
  return user;
}
