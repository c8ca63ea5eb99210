import type { Caller, Role } from '#platform/kernel';
import type { SqlConditions } from '#platform/persistence';
import { forbidden } from '../auth.errors.js';

/** Which rows a role may touch: those it owns, those it carries out, or every one (also those without an owner). */
type Reach = 'own' | 'assigned' | 'all';

/** Who may, and on which rows. A role that is not named may not. */
type Grants = Readonly<Partial<Record<Role, Reach>>>;

/**
 * The access rules: resource → action → role → scope. `own` and `assigned` speak of the deal a row belongs to, or of
 * the client itself. `rpc` is the reading that other services do over RPC; HTTP gives them the events feed alone.
 */
export const ACCESS = {
  clients: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', lead: 'all', admin: 'all' },
    edit: { seller: 'own', lead: 'all', admin: 'all' },
    delete: { seller: 'own', lead: 'all', admin: 'all' },
    merge: { seller: 'own', lead: 'all', admin: 'all' },
    assign: { lead: 'all', admin: 'all' },
    rpc: { service: 'all' },
  },
  deals: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', lead: 'all', admin: 'all' },
    edit: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    delete: { seller: 'own', lead: 'all', admin: 'all' },
    assign: { lead: 'all', admin: 'all' },
    rpc: { service: 'all' },
  },
  journal: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    audit: { finance: 'all', lead: 'all', admin: 'all' },
  },
  documents: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    delete: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
  },
  quotes: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    edit: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    delete: { seller: 'own', lead: 'all', admin: 'all' },
    ready: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    confirm: { seller: 'own', lead: 'all', admin: 'all' },
    archive: { seller: 'own', lead: 'all', admin: 'all' },
  },
  policies: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    edit: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    delete: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
    rpc: { service: 'all' },
  },
  payments: {
    read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
    create: { seller: 'own', executor: 'assigned', finance: 'all', admin: 'all' },
    edit: { seller: 'own', executor: 'assigned', finance: 'all', admin: 'all' },
    delete: { seller: 'own', executor: 'assigned', finance: 'all', admin: 'all' },
    confirm: { finance: 'all', admin: 'all' },
    cancel: { finance: 'all', admin: 'all' },
    rpc: { service: 'all' },
  },
  metrics: {
    read: { seller: 'own', finance: 'all', lead: 'all', admin: 'all' },
  },
  queues: {
    read: { admin: 'all' },
    edit: { admin: 'all' },
  },
  events: {
    read: { admin: 'all', service: 'all' },
    edit: { admin: 'all', service: 'all' },
    replay: { admin: 'all' },
  },
  operations: {
    read: { admin: 'all', service: 'all' },
  },
  imports: {
    read: { admin: 'all' },
    create: { admin: 'all' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Grants>>>>;

/** Resources with access rules. */
export type Resource = keyof typeof ACCESS;
/** What can be done to it. */
export type ActionOn<R extends Resource> = keyof (typeof ACCESS)[R] & string;

/** The rows a caller may touch: every one, or those whose owner or executor it names. */
export interface Scope {
  readonly all: boolean;
  /** The caller, when rows it owns are in scope. */
  readonly ownerId: string | null;
  /** The caller, when rows it carries out are in scope. */
  readonly executorId: string | null;
}

/** What the caller's roles together grant for an action, or null when none of them grants anything. */
export function access<R extends Resource>(caller: Caller, resource: R, action: ActionOn<R>): Scope | null {
  const grants = (ACCESS[resource] as Readonly<Record<string, Grants>>)[action]!;
  const reaches = new Set<Reach | undefined>();
  for (const role of caller.roles) reaches.add(grants[role]);
  const scope: Scope = {
    all: reaches.has('all'),
    ownerId: reaches.has('own') ? caller.userId : null,
    executorId: reaches.has('assigned') ? caller.userId : null,
  };
  return scope.all || scope.ownerId !== null || scope.executorId !== null ? scope : null;
}

/**
 * The same where nothing granted is a refusal.
 * @throws DomainError `forbidden`.
 */
export function requireAccess<R extends Resource>(caller: Caller, resource: R, action: ActionOn<R>): Scope {
  const scope = access(caller, resource, action);
  if (!scope) throw forbidden();
  return scope;
}

/** Whether a row is in scope, by the owner and executor of its deal (or client); to be answered 404 when it isn't. */
export function inScope(
  scope: Scope,
  row: { readonly ownerId: string | null; readonly executorId: string | null },
): boolean {
  if (scope.all) return true;
  if (scope.ownerId !== null && row.ownerId === scope.ownerId) return true;
  return scope.executorId !== null && row.executorId === scope.executorId;
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
