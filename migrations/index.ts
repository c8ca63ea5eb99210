import { Events1764000001000 } from './1764000001000-events.js';
import { ClientsDealsJournals1764000002000 } from './1764000002000-clients-deals-journals.js';
import { Jobs1764000003000 } from './1764000003000-jobs.js';
import { Sale1764000004000 } from './1764000004000-sale.js';
import { Payments1764000005000 } from './1764000005000-payments.js';
import { Imports1764000007000 } from './1764000007000-imports.js';

/** Every migration, oldest first; only appended to. */
export const MIGRATIONS = [
  Events1764000001000,
  ClientsDealsJournals1764000002000,
  Jobs1764000003000,
  Sale1764000004000,
  Payments1764000005000,
  Imports1764000007000,
];
