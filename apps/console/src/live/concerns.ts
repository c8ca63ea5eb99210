import type { CrmEvent } from '../resources.js';

const DEALS = /^crm\.(deal\.(created|updated|deleted|assigned)|import\.progress)$/;

/** Whether the event may change a list of deals: every change of a deal also publishes `deal.updated`. */
export function movesDeals({ type }: CrmEvent): boolean {
  return DEALS.test(type);
}

/** Whether the event may change visible payments or their sums: they move with their deal to a new owner. */
export function movesMoney({ type }: CrmEvent): boolean {
  return type.startsWith('crm.deal.payment.') || type === 'crm.deal.assigned';
}

/** Whether the event may change visible policies. */
export function movesPolicies({ type }: CrmEvent): boolean {
  return /^crm\.(deal\.)?policy\./.test(type) || type === 'crm.deal.assigned';
}
