import { CLIENT_EVENT_TYPES } from '#crm/clients';
import { DEAL_EVENT_TYPES } from '#crm/deals';
import { DOCUMENT_EVENT_TYPES } from '#crm/documents';
import { IMPORT_EVENT_TYPES } from '#crm/imports';
import { JOURNAL_EVENT_TYPES } from '#crm/journals';
import { PAYMENT_EVENT_TYPES } from '#crm/payments';
import { POLICY_EVENT_TYPES } from '#crm/policies';
import { QUOTE_EVENT_TYPES } from '#crm/quotes';
import type { EventType } from '#platform/messaging';

/** Every type of event that this product publishes, domain by domain, each as it is declared where it is published. */
export const EVENT_TYPES: readonly EventType[] = [
  ...CLIENT_EVENT_TYPES,
  ...DEAL_EVENT_TYPES,
  ...JOURNAL_EVENT_TYPES,
  ...QUOTE_EVENT_TYPES,
  ...POLICY_EVENT_TYPES,
  ...PAYMENT_EVENT_TYPES,
  ...DOCUMENT_EVENT_TYPES,
  ...IMPORT_EVENT_TYPES,
];
