import type { Role } from '#platform/kernel';

/** Names that the Auth service gives to roles; several mean the same to us. */
const ROLE_OF_NAME: ReadonlyMap<string, Role> = new Map([
  ['agent', 'seller'],
  ['ROLE_SALES_AGENT', 'seller'],
  ['ROLE_USER', 'seller'],
  ['ROLE_EXECUTOR', 'executor'],
  ['ROLE_FINANCE_MANAGER', 'finance'],
  ['ROLE_TEAM_LEAD', 'lead'],
  ['ROLE_ADMIN', 'admin'],
  ['service', 'service'],
  ['ROLE_SERVICE', 'service'],
]);

/** The roles behind a token's `roles`; names that mean nothing here grant nothing. */
export function rolesOf(claims: { readonly roles?: readonly string[] }): ReadonlySet<Role> {
  const roles = new Set<Role>();
  for (const name of claims.roles ?? []) {
    const role = ROLE_OF_NAME.get(name);
    if (role) roles.add(role);
  }
  return roles;
}
