import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import { PAYMENT_CREATED, PAYMENT_DELETED, PAYMENT_UPDATED } from './payment.event-types.js';
import { PaymentAdded, PaymentCancelled, PaymentConfirmed, PaymentDeleted, PaymentRevised } from './payment.events.js';

type AnyPaymentEvent = PaymentAdded | PaymentRevised | PaymentConfirmed | PaymentCancelled | PaymentDeleted;

/** Records changes of payments in the journal and the event log of their deal. */
@EventsHandler(PaymentAdded, PaymentRevised, PaymentConfirmed, PaymentCancelled, PaymentDeleted)
export class PaymentsPublisher implements IEventHandler<AnyPaymentEvent> {
  constructor(private readonly log: EventLog) {}

  handle(event: AnyPaymentEvent): void {
    const { deal } = event;
    const { body, fact } = described(event);
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.clientId,
      actorId: event.actorId,
      audience: audienceOf([deal.ownerId], [deal.executorId]),
      entry: { kind: 'system', body, data: difference(event) },
      events: [fact],
    });
  }
}

function described(event: AnyPaymentEvent): { body: string; fact: LoggedFact } {
  const { payment, previous, actorId } = event;
  const data = { ...idsOf(event), payment };
  if (event instanceof PaymentAdded) return { body: 'Payment added', fact: PAYMENT_CREATED.fact(data) };
  if (event instanceof PaymentDeleted) {
    const deleted = { ...data, deleted_at: event.at, deleted_by_id: actorId };
    return { body: 'Payment deleted', fact: PAYMENT_DELETED.fact(deleted) };
  }
  const changed = Object.keys(previous);
  const fact = PAYMENT_UPDATED.fact({ ...data, changed, previous });
  if (event instanceof PaymentConfirmed) return { body: 'Payment confirmed', fact };
  if (event instanceof PaymentCancelled) return { body: 'Payment cancelled', fact };
  return { body: `Payment changed: ${changed.join(', ')}`, fact };
}

function difference({ payment, previous }: AnyPaymentEvent): object {
  if (Object.keys(previous).length === 0) return { payment_id: payment.id, before: null, after: payment };
  return { payment_id: payment.id, before: previous, after: currentValues(payment, previous) };
}

/** The ids in every event of a payment and its lines. */
export function idsOf({ payment: { id, deal_id, policy_id }, deal }: Pick<PaymentAdded, 'payment' | 'deal'>) {
  return { deal_id, client_id: deal.clientId, policy_id, payment_id: id };
}

/** Returns the current values of the members of `previous`. */
export function currentValues<View extends object>(view: View, previous: Partial<View>): object {
  return Object.fromEntries(Object.keys(previous).map((member) => [member, view[member as keyof View]]));
}
