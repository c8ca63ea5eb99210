import type { Role } from '#platform/kernel';

const ROLES = ['seller', 'executor', 'finance', 'lead', 'admin', 'service'] as const satisfies readonly Role[];

/** Names of roles in tokens: our own, the same as `ROLE_SELLER`, and other names that the Auth service gives them. */
const ROLE_OF_NAME: ReadonlyMap<string, Role> = new Map<string, Role>([
  ...ROLES.flatMap((role) => [[role, role] as const, [`ROLE_${role.toUpperCase()}`, role] as const]),
  ['agent', 'seller'],
  ['ROLE_SALES_AGENT', 'seller'],
  ['ROLE_USER', 'seller'],
  ['ROLE_FINANCE_MANAGER', 'finance'],
  ['ROLE_TEAM_LEAD', 'lead'],
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
