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

/**
 * The same rows of `crm.policies p` alone by another plan, for lists: a scope that is a small part of all policies is
 * read from its own indexes, a large one along the list's. An OR over two tables leaves PostgreSQL no such choice.
 */
export function addPolicyReach(conditions: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const [owner, executor] = [0, 1].map((offset) => `$${conditions.nextParameter + offset}::uuid`);
  const people = { owner_id: owner, executor_id: executor };
  const ofDeals = Object.entries(people).flatMap(([column, person]) =>
    ['NOT s.is_deleted', 's.is_deleted'].map(
      (state) => `SELECT q.id FROM crm.deals s JOIN crm.policies q ON q.deal_id = s.id
        WHERE s.${column} = ${person} AND ${state} AND NOT q.is_deleted`,
    ),
  );
  const ofNoDeal = `SELECT q.id FROM crm.policies q WHERE q.deal_id IS NULL AND q.owner_id = ${owner} AND NOT q.is_deleted`;
  conditions.addNumbered(`p.id IN (${[...ofDeals, ofNoDeal].join(' UNION ALL ')})`, [scope.ownerId, scope.executorId]);
}

/** A live policy that renews `p`, looked up row by row: EXISTS would let PostgreSQL read all renewals for a page of 50. */
const SUCCESSOR = `SELECT true FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled' LIMIT 1`;

/** Whether a live policy renews `p`. */
export const HAS_SUCCESSOR = `((${SUCCESSOR}) IS NOT NULL)`;

/** Whether what renews `p` is in force, or was: a draft renews nothing yet. */
export const IS_RENEWED = `EXISTS (SELECT 1 FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.status <> 'draft' AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled')`;

/** Days after its end on which a policy closes though nothing has taken its place. */
const GRACE_DAYS = 3;

/** Whether `p` is still in force on the day of this placeholder though it should be closed by then. */
export function isOver(day: string): string {
  return `(p.status = 'active' AND p.effective_to < ${day}
    AND (p.effective_to <= ${day} - ${GRACE_DAYS} OR ${IS_RENEWED}))`;
}
