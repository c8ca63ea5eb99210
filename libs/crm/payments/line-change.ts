import type { Instant } from '#platform/kernel';
import type { LineKind, PaymentLineView, PaymentStatus } from './contracts.js';
import type { PaymentLine } from './payment-line.entity.js';

/** A payment as a line's rules need it, and the deal that it belongs to; read without a lock. */
export interface PaymentAtHand {
  readonly id: string;
  readonly dealId: string;
  readonly policyId: string | null;
  readonly clientId: string;
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
  /** The version that the payment must have, if the caller named it. */
  readonly paymentVersion: number | null;
  readonly actorId: string;
  readonly at: Instant;
}
