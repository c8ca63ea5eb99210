import { Events1764000001000 } from './1764000001000-events.js';
import { ClientsDealsJournals1764000002000 } from './1764000002000-clients-deals-journals.js';
import { Jobs1764000003000 } from './1764000003000-jobs.js';
import { Sale1764000004000 } from './1764000004000-sale.js';
import { Payments1764000005000 } from './1764000005000-payments.js';
import { EventFeed1764000006000 } from './1764000006000-event-feed.js';
import { Imports1764000007000 } from './1764000007000-imports.js';
import { Reports1764000008000 } from './1764000008000-reports.js';
import { Reminders1764000009000 } from './1764000009000-reminders.js';
import { ListScopes1764000010000 } from './1764000010000-list-scopes.js';
import { TrueTotals1764000011000 } from './1764000011000-true-totals.js';
import { Audience1764000012000 } from './1764000012000-audience.js';
import { ClientContacts1764000021000 } from './1764000021000-client-contacts.js';
import { DerivedColumns1764000021100 } from './1764000021100-derived-columns.js';
import { MergedClients1764000021200 } from './1764000021200-merged-clients.js';
import { ComposedTexts1764000023900 } from './1764000023900-composed-texts.js';
import { SubscriberQueues1764000024000 } from './1764000024000-subscriber-queues.js';
import { ParkedEvents1764000024100 } from './1764000024100-parked-events.js';
import { Leases1764000025000 } from './1764000025000-leases.js';
import { CursorFences1764000025010 } from './1764000025010-cursor-fences.js';
import { EventAppendTime1764000025020 } from './1764000025020-event-append-time.js';
import { Installation1764000025030 } from './1764000025030-installation.js';
import { ReminderProjection1764000025040 } from './1764000025040-reminder-projection.js';
import { RuntimeRole1764000026000 } from './1764000026000-runtime-role.js';
import { TaxIdKey1764000028000 } from './1764000028000-tax-id-key.js';
import { PartitionBounds1764000028010 } from './1764000028010-partition-bounds.js';
import { AppendToStreams1764000030030 } from './1764000030030-append-to-streams.js';
import { AppendDistinctStreams1764000031000 } from './1764000031000-append-distinct-streams.js';
import { Projections1764000033000 } from './1764000033000-projections.js';
import { ListOrders1764000034000 } from './1764000034000-list-orders.js';
import { BookLists1764000034010 } from './1764000034010-book-lists.js';

/** Every migration, oldest first; only appended to. */
export const MIGRATIONS = [
  Events1764000001000,
  ClientsDealsJournals1764000002000,
  Jobs1764000003000,
  Sale1764000004000,
  Payments1764000005000,
  EventFeed1764000006000,
  Imports1764000007000,
  Reports1764000008000,
  Reminders1764000009000,
  ListScopes1764000010000,
  TrueTotals1764000011000,
  Audience1764000012000,
  ClientContacts1764000021000,
  DerivedColumns1764000021100,
  MergedClients1764000021200,
  ComposedTexts1764000023900,
  SubscriberQueues1764000024000,
  ParkedEvents1764000024100,
  Leases1764000025000,
  CursorFences1764000025010,
  EventAppendTime1764000025020,
  Installation1764000025030,
  ReminderProjection1764000025040,
  RuntimeRole1764000026000,
  TaxIdKey1764000028000,
  PartitionBounds1764000028010,
  AppendToStreams1764000030030,
  AppendDistinctStreams1764000031000,
  Projections1764000033000,
  ListOrders1764000034000,
  BookLists1764000034010,
];
