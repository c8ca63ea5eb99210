import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DomainError, type ExpectedVersion } from '#platform/kernel';
import { versionsIn } from './entity-tags.js';

/** `"3"`, `W/"3"`, `"1", "2"`, as RFC 9110 writes entity tags. */
const TAG_LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;
const MAX_LENGTH = 1_000;

/** Gives a handler the request's `If-Match` as {@link ExpectedVersion}; an empty list can't be met. */
export const IfMatch = createParamDecorator<undefined>(
  (_unused, context: ExecutionContext): ExpectedVersion => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return expectedVersion(request.headers['if-match'], request.server.requiresIfMatch);
  },
  [
    (target, name) => {
      const handler = Object.getOwnPropertyDescriptor(target, name!);
      const description = 'Version that the change starts from, as in `ETag`; another one is answered 412.';
      const example = '"3"';
      ApiHeader({ name: 'If-Match', description, example, required: false })(target, name!, handler!);
    },
  ],
);

/**
 * @param header value of `If-Match`; `*` sets no condition but that the resource exists.
 * @throws DomainError 400 `malformed_if_match`, 428 `precondition_required`.
 */
export function expectedVersion(header: string | undefined, isRequired: boolean): ExpectedVersion {
  if (header === undefined) {
    if (!isRequired) return undefined;
    const remedy = 'Send If-Match with the ETag of the resource that you are changing.';
    throw new DomainError('precondition_required', 'precondition_required', remedy);
  }
  if (header.trim() === '*') return undefined;
  if (header.length > MAX_LENGTH || !TAG_LIST.test(header)) {
    throw new DomainError('invalid', 'malformed_if_match', 'If-Match takes entity tags such as "3", or *.');
  }
  return versionsIn(header);
}
