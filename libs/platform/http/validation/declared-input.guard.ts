import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { unknownMember, validationFailed } from './field-faults.js';
import { normaliseQuery } from './request-members.js';
import type { InputSource } from './transforms.js';

type Declared = Readonly<Record<InputSource, boolean>>;

/** Parameters that give a handler the whole request, whose query and body it checks itself. */
const WHOLE_REQUEST = [RouteParamtypes.REQUEST, RouteParamtypes.FILE, RouteParamtypes.FILES, RouteParamtypes.RAW_BODY];

/**
 * Refuses a query or a body for which the handler declares no parameter; the pipe validates declared ones.
 * Runs after the guards of authentication, so that a request without a valid token gets no information about a route.
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
  // Keys are `<kind>:<index>`; keys of custom decorators have no number of these kinds.
  const kinds = new Set(Object.keys(parameters).map((key) => Number(key.split(':')[0])));
  const seesAll = WHOLE_REQUEST.some((kind) => kinds.has(kind));
  return { query: seesAll || kinds.has(RouteParamtypes.QUERY), body: seesAll || kinds.has(RouteParamtypes.BODY) };
}

function refuseBody(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body === 'object' && !Array.isArray(body)) return refuseMembers('body', body);
  throw validationFailed([{ pointer: '', code: 'unexpected_body', detail: 'This request takes no body.' }]);
}

function refuseMembers(source: InputSource, members: object): void {
  const names = Object.keys(members);
  if (names.length > 0) throw validationFailed(names.map((name) => unknownMember(source, '', name)));
}
