import type { Scope } from '#platform/auth';
import type { SqlConditions } from '#platform/persistence';

/**
 * Limits `crm.clients c` to the scope: `own` means the client's owner and the owners of its deals, `assigned` the executors
 * of its deals. A union, so that PostgreSQL can read a small scope from its own indexes and a large one along the list's;
 * an OR of EXISTS leaves it no such choice.
 *
 * Not for a statement that locks `c`: after a wait PostgreSQL checks the conditions on the new version of `c` alone.
 */
export function addClientScope(where: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const owner = `${where.parameter(scope.ownerId)}::uuid`;
  const executor = `${where.parameter(scope.executorId)}::uuid`;
  where.planEachTime().addSql(
    `c.id IN (SELECT o.id FROM crm.clients o WHERE o.owner_id = ${owner} AND NOT o.is_deleted
      UNION ALL SELECT s.client_id FROM crm.deals s WHERE s.owner_id = ${owner} AND NOT s.is_deleted
      UNION ALL SELECT s.client_id FROM crm.deals s WHERE s.executor_id = ${executor} AND NOT s.is_deleted)`,
  );
}
