import type { QueryBus } from '@nestjs/cqrs';
import { PolicyInScopeQuery } from '#crm/policies/contracts';
import type { Caller } from '#platform/kernel';
import { policyNotFound } from './payment.errors.js';
import type { PaymentPath } from './payment-path.js';

/**
 * Makes sure that the policy of a path, if it has one, is the deal's.
 * @param isLocked whether it must stay so until the unit of work ends.
 * @throws DomainError `policy_not_found`.
 */
export async function requirePolicyOfDeal(
  queries: QueryBus,
  caller: Caller,
  { dealId, policyId }: PaymentPath,
  isLocked = false,
): Promise<void> {
  if (policyId === null) return;
  const policy = await queries.execute(new PolicyInScopeQuery(caller, policyId, isLocked));
  if (policy.deal_id !== dealId) throw policyNotFound();
}
