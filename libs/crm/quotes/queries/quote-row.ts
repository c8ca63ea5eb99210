import type { CalendarDate } from '#platform/kernel';
import type { QuoteView } from '../contracts.js';
import { fromRange, isPast } from '../validity-period.js';

/** The columns of a quote in the order in which the API shows them. */
export const QUOTE_COLUMNS = `q.id, q.deal_id, q.owner_id, q.insurance_company, q.program_name, q.premium_amount,
  q.coverage_sum, q.currency, q.calculation_date, q.validity, q.files, q.comments, q.status,
  (SELECT p.id FROM crm.policies p WHERE p.quote_id = q.id AND NOT p.is_deleted) AS linked_policy_id,
  q.version, q.is_deleted, q.created_at, q.updated_at`;

/** A row as {@link QUOTE_COLUMNS} selects it. */
export type QuoteRow = Omit<QuoteView, 'validity_period' | 'expired'> & { readonly validity: string | null };

/** The quote of a row, seen on the business day `today`. */
export function quoteView(row: QuoteRow, today: CalendarDate): QuoteView {
  const { validity, files, comments, status, linked_policy_id, version, is_deleted, created_at, updated_at } = row;
  const { id, deal_id, owner_id, insurance_company, program_name, premium_amount, coverage_sum, currency } = row;
  const validity_period = fromRange(validity);
  return {
    ...{ id, deal_id, owner_id, insurance_company, program_name, premium_amount, coverage_sum, currency },
    calculation_date: row.calculation_date,
    validity_period,
    ...{ files, comments, status },
    expired: isPast(validity_period, today),
    ...{ linked_policy_id, version, is_deleted, created_at, updated_at },
  };
}
