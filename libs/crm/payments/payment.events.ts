import type { Instant } from '#platform/kernel';
import type { PaymentView } from './contracts.js';

/** Base of the events of a payment: its current state, and the actor. */
abstract class PaymentEvent {
  constructor(
    readonly payment: PaymentView,
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
