import { policyMismatch } from './payment.errors.js';

/** Where a request looks for payments: in a deal, or in one policy of it. */
export interface PaymentPath {
  readonly dealId: string;
  /** Null: whatever the policy. */
  readonly policyId: string | null;
}

/**
 * The path, narrowed to the policy that a body or a filter names.
 * @throws DomainError `policy_mismatch` when the path names another one.
 */
export function withPolicy(path: PaymentPath, policyId: string | null | undefined): PaymentPath {
  if (policyId === undefined || policyId === null) return path;
  if (path.policyId !== null && path.policyId !== policyId) throw policyMismatch();
  return { ...path, policyId };
}
