import type { ExpectedVersion, Instant } from '#platform/kernel';
import type { LineKind, PaymentLineView, PaymentStatus } from '../contracts.js';
import type { PaymentLine } from './payment-line.entity.js';

/** A payment as a line's rules need it, and whose deal it belongs to; read without a lock. */
export interface PaymentAtHand {
  readonly id: string;
  readonly policyId: string | null;
  readonly ownerId: string | null;
  readonly executorId: string | null;
  readonly currency: string;
  readonly status: PaymentStatus;
  readonly version: number;
}

/** A line that was changed. */
export interface LineChange {
  readonly kind: LineKind;
  readonly what: 'created' | 'updated' | 'deleted';
  readonly line: PaymentLine;
  /** The line before; null for a new one. */
  readonly before: PaymentLineView | null;
  /** What the payment's currency must be, if the caller named one. */
  readonly currency?: string;
  /** The versions that the payment may have, if the caller named any. */
  readonly paymentVersions?: ExpectedVersion;
  readonly actorId: string;
  readonly at: Instant;
}
