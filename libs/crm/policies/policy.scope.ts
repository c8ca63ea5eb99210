import type { Scope } from '#platform/auth';
import type { SqlConditions } from '#platform/persistence';

/**
 * Limits `crm.policies p` to the scope: `own` and `assigned` are about the policy's deal, deleted or not; a policy without
 * a deal belongs to its own owner. A union, so that PostgreSQL can read a small scope from its own indexes and a large one
 * along the list's; an OR over two tables leaves it no such choice.
 */
export function addPolicyScope(where: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const owner = `${where.parameter(scope.ownerId)}::uuid`;
  const executor = `${where.parameter(scope.executorId)}::uuid`;
  const ofDeals = [`s.owner_id = ${owner}`, `s.executor_id = ${executor}`].flatMap((party) =>
    // Two conditions on `is_deleted`, one for each partial index.
    ['NOT s.is_deleted', 's.is_deleted'].map(
      (state) => `SELECT q.id FROM crm.deals s JOIN crm.policies q ON q.deal_id = s.id
        WHERE ${party} AND ${state} AND NOT q.is_deleted`,
    ),
  );
  const ofNoDeal = `SELECT q.id FROM crm.policies q WHERE q.deal_id IS NULL AND q.owner_id = ${owner} AND NOT q.is_deleted`;
  where.planEachTime().addSql(`p.id IN (${[...ofDeals, ofNoDeal].join(' UNION ALL ')})`);
}
