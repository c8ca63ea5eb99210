import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, isUuid } from '#platform/kernel';

/**
 * An id that stands in a route's path, in lower case.
 * @throws DomainError 400 `malformed_id`.
 */
export function requireUuid(value: unknown): string {
  if (isUuid(value)) return value.toLowerCase();
  throw new DomainError('invalid', 'malformed_id', 'The path holds something else where an id, a UUID, belongs.');
}

/**
 * The parameter that receives the id in a route's path, in lower case.
 * Takes the name of the path's parameter: `:id` unless given.
 * @throws DomainError 400 `malformed_id`.
 */
export const UuidParam = createParamDecorator((name: string | undefined, context: ExecutionContext): string => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest>();
  return requireUuid((params as Record<string, unknown>)[name ?? 'id']);
});
