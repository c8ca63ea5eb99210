import { addDays, type CalendarDate } from '#platform/kernel';
import type { PolicyView } from '../contracts.js';
import { RENEWAL_DAYS } from '../policy.entity.js';
import { HAS_SUCCESSOR } from '../policy-succession.js';

/** The columns of a policy in the order in which the API shows them, and what `renewal_due` is derived from. */
export const POLICY_COLUMNS = `p.id, p.client_id, p.deal_id, p.quote_id, p.insurance_company, p.policy_number, p.premium,
  p.currency, p.effective_from, p.effective_to, p.owner_id, p.status, p.close_reason, ${HAS_SUCCESSOR} AS has_successor,
  p.renews_policy_id, p.version, p.is_deleted, p.created_at, p.updated_at`;

/** A row as {@link POLICY_COLUMNS} selects it. */
export type PolicyRow = Omit<PolicyView, 'renewal_due'> & { readonly has_successor: boolean };

/** The policy of a row, seen on the business day `today`. */
export function policyView(row: PolicyRow, today: CalendarDate): PolicyView {
  const { has_successor, renews_policy_id, version, is_deleted, created_at, updated_at, ...rest } = row;
  const endsSoon = row.effective_to !== null && row.effective_to <= addDays(today, RENEWAL_DAYS);
  const renewal_due = row.status === 'active' && endsSoon && !has_successor;
  return { ...rest, renewal_due, renews_policy_id, version, is_deleted, created_at, updated_at };
}
