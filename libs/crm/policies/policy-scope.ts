import type { Scope } from '#platform/auth';
import type { SqlConditions } from '#platform/persistence';

/**
 * Adds the scope on `crm.policies p` joined to `crm.deals d`: `own` and `assigned` speak of the deal; a policy without
 * a deal belongs to its own owner.
 */
export function addPolicyScope(conditions: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const [owner, executor] = [0, 1].map((offset) => `$${conditions.nextParameter + offset}::uuid`);
  conditions.addNumbered(
    `(d.owner_id = ${owner} OR d.executor_id = ${executor} OR (p.deal_id IS NULL AND p.owner_id = ${owner}))`,
    [scope.ownerId, scope.executorId],
  );
}

/** Whether a live policy renews `p`. */
export const HAS_SUCCESSOR = `EXISTS (SELECT 1 FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled')`;

/** Whether what renews `p` is in force, or was: a draft renews nothing yet. */
export const IS_RENEWED = `EXISTS (SELECT 1 FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.status <> 'draft' AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled')`;
