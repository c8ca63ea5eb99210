import type { CrmEvent } from '../resources.js';

const DEALS = /^crm\.(deal\.(created|updated|deleted|assigned)|import\.progress)$/;

/** Whether a list of deals may be another one after it: every change of a deal also says `deal.updated`. */
export function movesDeals({ type }: CrmEvent): boolean {
  return DEALS.test(type);
}

/** Whether sums of payments may be others. */
export function movesMoney({ type }: CrmEvent): boolean {
  return type.startsWith('crm.deal.payment.');
}
