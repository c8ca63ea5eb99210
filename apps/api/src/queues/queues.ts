import { DEAL_QUEUES } from '#crm/deals';
import { IMPORTS } from '#crm/imports';
import { PAYMENT_QUEUES } from '#crm/payments';
import { POLICY_QUEUES } from '#crm/policies';
import { QUOTE_QUEUES } from '#crm/quotes';
import { HOUSEKEEPING } from '#platform/jobs';
import { EVENT_REPLAYS } from '#platform/messaging';

/** Every queue that the worker runs. */
export const QUEUES = [
  ...DEAL_QUEUES,
  ...QUOTE_QUEUES,
  ...POLICY_QUEUES,
  ...PAYMENT_QUEUES,
  EVENT_REPLAYS,
  HOUSEKEEPING,
  IMPORTS,
];
