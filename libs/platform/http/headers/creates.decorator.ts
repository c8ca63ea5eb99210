import { applyDecorators, HttpCode, HttpStatus } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiCreatedResponse, type ApiResponseOptions } from '@nestjs/swagger';
import { Idempotent } from '../idempotency/idempotent.decorator.js';

/**
 * A route that creates a resource: 201 with `Location`, and {@link Idempotent}.
 * @param collection collection path of `Location`, e.g. `/api/v1/policies`; default: the request's path.
 */
export function Creates(collection = '', response?: ApiResponseOptions): MethodDecorator {
  return applyDecorators(
    HttpCode(HttpStatus.CREATED),
    RouteConfig({ createsAt: collection }),
    Idempotent(),
    ...(response ? [ApiCreatedResponse(response)] : []),
  );
}
