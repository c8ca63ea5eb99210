import type { BatchOptions } from '#platform/cqrs';
import type { PaymentPath } from '../payment-path.js';

/** Commands on lines share their batches. Those of one deal run one after the other: they append to one stream. */
export const LINE_BATCH: BatchOptions<{ readonly path: PaymentPath }> = {
  maxBatchSize: 50,
  keyOf: ({ path }) => path.dealId,
};
