import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { FastifyRequest } from 'fastify';
import type { FieldSource } from './field-kinds.js';
import { normaliseQuery } from '../idempotency/request-keys.js';
import { unknownMember, validationFailed } from './validation.pipe.js';

type Declared = Readonly<Record<FieldSource, boolean>>;

/** Parameters through which a handler sees the whole request, and so answers for what is in it. */
const WHOLE_REQUEST = [RouteParamtypes.REQUEST, RouteParamtypes.FILE, RouteParamtypes.FILES, RouteParamtypes.RAW_BODY];

/**
 * Refuses a query or a body that the route doesn't take at all; what a DTO declares is the pipe's affair.
 * Stands behind the guards of authentication, so that a stranger learns nothing of a route.
 */
export class DeclaredInputGuard implements CanActivate {
  private readonly declared = new WeakMap<object, Declared>();

  /** @throws DomainError 422 `validation_failed`. */
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const hasQuery = request.url.includes('?');
    if (!hasQuery && request.body === undefined) return true;
    const declared = this.declaredBy(context.getClass(), context.getHandler());
    if (hasQuery && !declared.query) refuseMembers('query', normaliseQuery(request.query as Record<string, string>));
    if (!declared.body) refuseBody(request.body);
    return true;
  }

  private declaredBy(controller: Type, handler: { readonly name: string }): Declared {
    let declared = this.declared.get(handler);
    if (!declared) {
      declared = declarationOf(controller, handler.name);
      this.declared.set(handler, declared);
    }
    return declared;
  }
}

function declarationOf(controller: Type, method: string): Declared {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as object;
  // Keys are `<kind>:<index>`; those of custom decorators begin with another number or a name.
  const kinds = new Set(Object.keys(parameters).map((key) => Number(key.split(':')[0])));
  const seesAll = WHOLE_REQUEST.some((kind) => kinds.has(kind));
  return { query: seesAll || kinds.has(RouteParamtypes.QUERY), body: seesAll || kinds.has(RouteParamtypes.BODY) };
}

function refuseBody(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body === 'object' && !Array.isArray(body)) return refuseMembers('body', body);
  throw validationFailed([{ pointer: '', code: 'unexpected_body', detail: 'This request takes no body.' }]);
}

function refuseMembers(source: FieldSource, members: object): void {
  const names = Object.keys(members);
  if (names.length > 0) throw validationFailed(names.map((name) => unknownMember(source, '', name)));
}
