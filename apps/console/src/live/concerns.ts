import type { CrmEvent } from '../resources.js';

const DEALS = /^crm\.(deal\.(created|updated|deleted|assigned)|import\.progress)$/;

/** Whether a list of deals may be another one after it: every change of a deal also says `deal.updated`. */
export function movesDeals({ type }: CrmEvent): boolean {
  return DEALS.test(type);
}

/** Whether payments in sight, or their sums, may be others: a deal takes its own along to whom it is assigned. */
export function movesMoney({ type }: CrmEvent): boolean {
  return type.startsWith('crm.deal.payment.') || type === 'crm.deal.assigned';
}

/** Whether policies in sight may be others. */
export function movesPolicies({ type }: CrmEvent): boolean {
  return /^crm\.(deal\.)?policy\./.test(type) || type === 'crm.deal.assigned';
}
