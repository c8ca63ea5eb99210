import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, isUuid } from '#platform/kernel';

/**
 * Converts an id of the path to lower case.
 * @throws DomainError 400 `malformed_id`.
 */
export function requireUuid(value: unknown): string {
  if (isUuid(value)) return value.toLowerCase();
  throw new DomainError('invalid', 'malformed_id', 'The path holds something else where an id, a UUID, belongs.');
}

/**
 * Parameter decorator: an id of the path, in lower case.
 * Takes the name of the path parameter, `id` unless given.
 * @throws DomainError 400 `malformed_id`.
 */
export const UuidParam = createParamDecorator((name: string | undefined, context: ExecutionContext): string => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest>();
  return requireUuid((params as Record<string, unknown>)[name ?? 'id']);
});
