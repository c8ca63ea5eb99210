import { dealMismatch, policyMismatch } from './payment.errors.js';

/** Where a request looks for payments: in a deal, or in one policy of it. */
export interface PaymentPath {
  readonly dealId: string;
  /** Null: any policy. */
  readonly policyId: string | null;
}

/**
 * The path, narrowed to the policy that a body or a filter names.
 * @param place a body may repeat the deal of the path.
 * @throws DomainError `deal_mismatch`, `policy_mismatch` when the path names another one.
 */
export function withPlace(path: PaymentPath, { deal_id: dealId, policy_id: policyId }: PlaceInBody): PaymentPath {
  if (dealId !== undefined && dealId !== path.dealId) throw dealMismatch();
  if (policyId === undefined || policyId === null) return path;
  if (path.policyId !== null && path.policyId !== policyId) throw policyMismatch();
  return { ...path, policyId };
}

/** Deal and policy as a body names them. */
export interface PlaceInBody {
  readonly deal_id?: string;
  readonly policy_id?: string | null;
}
