import type { QuotedCover } from '#crm/policies/contracts';
import type { QuoteView } from './contracts.js';
import { notReady } from './quote.errors.js';

/**
 * What a policy takes over from a quote that has been made ready: its validity becomes the policy's dates.
 * @throws DomainError `…_required_for_ready` when something is lacking.
 */
export function coverOf(quote: QuoteView): QuotedCover {
  const { start, end } = quote.validity_period ?? {};
  if (quote.premium_amount === null) throw notReady('premium_required_for_ready');
  if (!start || !end) throw notReady('validity_period_required_for_ready');
  return {
    quoteId: quote.id,
    insuranceCompany: quote.insurance_company,
    premium: quote.premium_amount,
    currency: quote.currency,
    effectiveFrom: start,
    effectiveTo: end,
  };
}
