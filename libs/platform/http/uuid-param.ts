import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { DomainError, isUuid } from '#platform/kernel';

/**
 * An id that stands in a route's path, in lower case.
 * @throws DomainError 400 `malformed_id`.
 */
export function requireUuid(value: unknown): string {
  if (isUuid(value)) return value.toLowerCase();
  throw new DomainError('invalid', 'malformed_id', 'The path holds something else where an id, a UUID, belongs.');
}

const lowerCaseUuid: PipeTransform<string, string> = { transform: requireUuid };

/**
 * The id in a route's path, in lower case.
 * @param name of the path's parameter: `:id`.
 * @throws DomainError 400 `malformed_id`.
 */
export function UuidParam(name = 'id'): ParameterDecorator {
  return (target, method, index) => {
    Param(name, lowerCaseUuid)(target, method, index);
    const handler = Object.getOwnPropertyDescriptor(target, method!);
    ApiParam({ name, type: 'string', format: 'uuid' })(target, method!, handler!);
  };
}
