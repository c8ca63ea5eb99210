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
