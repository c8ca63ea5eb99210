import type { SqlConditions } from '#platform/persistence';
import type { Scope } from './access.js';

/** A condition and its parameters, numbered from the one asked for. */
interface Predicate {
  readonly sql: string;
  readonly values: readonly string[];
}

/**
 * Limits rows that have `owner_id` and `executor_id` to the scope, so that rows out of scope are neither found nor counted.
 * Each shape of scope is a text of its own, and so gets its own plan.
 * @param alias of the table.
 */
export function addScope(where: SqlConditions, scope: Scope, alias: string): void {
  if (scope.all) return;
  const parties = [
    { column: 'owner_id', userId: scope.ownerId },
    { column: 'executor_id', userId: scope.executorId },
  ].filter(({ userId }) => userId !== null);
  const conditions = parties.map(({ column, userId }) => `${alias}.${column} = ${where.parameter(userId)}::uuid`);
  where.addSql(`(${conditions.join(' OR ')})`);
}

/**
 * The scope as a condition on a row that has `owner_id` and `executor_id`, so that rows out of scope are neither
 * found nor counted. Each shape of scope is its own text, and so gets its own plan.
 * @param alias of the table.
 * @param first number of the first parameter.
 */
export function scopePredicate(scope: Scope, alias: string, first: number): Predicate {
  if (scope.all) return { sql: 'true', values: [] };
  const reaches = [
    { column: 'owner_id', userId: scope.ownerId },
    { column: 'executor_id', userId: scope.executorId },
  ].filter((reach): reach is { column: string; userId: string } => reach.userId !== null);
  const conditions = reaches.map(({ column }, index) => `${alias}.${column} = $${first + index}::uuid`);
  return { sql: `(${conditions.join(' OR ')})`, values: reaches.map(({ userId }) => userId) };
}
