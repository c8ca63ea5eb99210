import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { requireUuid } from '#platform/http';
import type { PaymentPath } from './payment-path.js';

/**
 * The deal, and under `/policies/{policy_id}` the policy, that a route's path names.
 * @throws DomainError 400 `malformed_id`.
 */
export const PathOfPayments = createParamDecorator((_unused: undefined, context: ExecutionContext): PaymentPath => {
  const { id, policy_id } = context.switchToHttp().getRequest<FastifyRequest>().params as Record<string, unknown>;
  return { dealId: requireUuid(id), policyId: policy_id === undefined ? null : requireUuid(policy_id) };
});
