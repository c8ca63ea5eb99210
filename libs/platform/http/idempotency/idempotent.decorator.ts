import { UseInterceptors } from '@nestjs/common';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/**
 * A route that takes `Idempotency-Key`. Every POST and PATCH has it, by itself or as a part of `Creates` or `TakesFile`.
 * The interceptor is not global, because NestJS runs RxJS for each route that has an interceptor.
 */
export function Idempotent(): MethodDecorator {
  return UseInterceptors(IdempotencyInterceptor);
}
