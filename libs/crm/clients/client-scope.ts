import type { Scope } from '#platform/auth';
import { type SqlConditions } from '#platform/persistence';

/**
 * Adds the scope on `crm.clients c`: `own` means the client's owner and the owner of any of its deals,
 * `assigned` the executor of any of its deals.
 */
export function addClientScope(conditions: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const first = conditions.nextParameter;
  const deals = (column: string, parameter: number): string =>
    `EXISTS (SELECT 1 FROM crm.deals s WHERE s.client_id = c.id AND s.${column} = $${parameter}::uuid AND NOT s.is_deleted)`;
  conditions.addNumbered(
    `(c.owner_id = $${first}::uuid OR ${deals('owner_id', first)} OR ${deals('executor_id', first + 1)})`,
    [scope.ownerId, scope.executorId],
  );
}

/**
 * The same rows by another plan, for lists: a scope that is a small part of all clients is read from its own indexes, a
 * large one along the list's. An OR of EXISTS leaves PostgreSQL no such choice.
 */
export function addClientReach(conditions: SqlConditions, scope: Scope): void {
  if (scope.all) return;
  const [owner, executor] = [0, 1].map((offset) => `$${conditions.nextParameter + offset}::uuid`);
  conditions.addNumbered(
    `c.id IN (SELECT o.id FROM crm.clients o WHERE o.owner_id = ${owner} AND NOT o.is_deleted
      UNION ALL SELECT s.client_id FROM crm.deals s WHERE s.owner_id = ${owner} AND NOT s.is_deleted
      UNION ALL SELECT s.client_id FROM crm.deals s WHERE s.executor_id = ${executor} AND NOT s.is_deleted)`,
    [scope.ownerId, scope.executorId],
  );
}
