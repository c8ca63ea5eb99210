import type { Instant } from '#platform/kernel';
import type { LineKind, PaymentLineView, PaymentView } from './contracts.js';

/** The deal of a payment; its owner and executor are the audience of the events. */
export interface DealOfPayment {
  readonly id: string;
  readonly clientId: string;
  readonly ownerId: string | null;
  readonly executorId: string | null;
}

/** Base of the events of a payment: its current state, its deal, and the actor. */
abstract class PaymentEvent {
  constructor(
    readonly payment: PaymentView,
    readonly deal: DealOfPayment,
    /** UUID of the user. */
    readonly actorId: string,
    /** Values before the change, of the fields that changed. */
    readonly previous: Readonly<Partial<PaymentView>>,
    readonly at: Instant,
  ) {}
}

export class PaymentAdded extends PaymentEvent {}

export class PaymentRevised extends PaymentEvent {}

export class PaymentConfirmed extends PaymentEvent {}

export class PaymentCancelled extends PaymentEvent {}

export class PaymentDeleted extends PaymentEvent {}

/** Base of the events of a line: its current state, and those of a payment's event. */
abstract class PaymentLineEvent extends PaymentEvent {
  constructor(
    readonly line: PaymentLineView,
    /** Previous values of a revised line, all values of a deleted one, null for a new one. */
    readonly previousLine: Partial<PaymentLineView> | null,
    readonly kind: LineKind,
    ...payment: ConstructorParameters<typeof PaymentRevised>
  ) {
    super(...payment);
  }
}

export class PaymentLineAdded extends PaymentLineEvent {}

export class PaymentLineRevised extends PaymentLineEvent {}

export class PaymentLineDeleted extends PaymentLineEvent {}
