import { type CanActivate, type ExecutionContext, Injectable, mixin, UseGuards } from '@nestjs/common';
import { type ActionOn, requireAccess, type Resource } from './access.js';
import type { AuthenticatedRequest } from '../auth.decorators.js';
import { authorizationRequired } from '../auth.errors.js';

/**
 * Refuses a caller without the right before the body of the request is received. Handlers check access themselves;
 * this is for routes whose bodies are large.
 */
export function RequiresAccess<R extends Resource>(resource: R, action: ActionOn<R>): MethodDecorator {
  @Injectable()
  class AccessGuard implements CanActivate {
    /** @throws DomainError `authorization_required`, `forbidden`. */
    canActivate(context: ExecutionContext): boolean {
      const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
      if (!user) throw authorizationRequired();
      requireAccess(user.caller, resource, action);
      return true;
    }
  }
  return UseGuards(mixin(AccessGuard));
}
