import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { DealFactsQuery } from '#crm/deals/contracts';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import type { PaymentView } from './contracts.js';
import { PAYMENT_CREATED, PAYMENT_DELETED, PAYMENT_UPDATED } from './payment.event-types.js';
import { PaymentAdded, PaymentCancelled, PaymentConfirmed, PaymentDeleted, PaymentRevised } from './payment.events.js';

type AnyPaymentEvent = PaymentAdded | PaymentRevised | PaymentConfirmed | PaymentCancelled | PaymentDeleted;

/** Appends changes of a payment to the deal's journal and the event log; line statements append their own. */
@EventsHandler(PaymentAdded, PaymentRevised, PaymentConfirmed, PaymentCancelled, PaymentDeleted)
export class PaymentsPublisher implements IEventHandler<AnyPaymentEvent> {
  constructor(
    private readonly log: EventLog,
    private readonly queries: QueryBus,
  ) {}

  async handle(event: AnyPaymentEvent): Promise<void> {
    const deal = await this.queries.execute(new DealFactsQuery(event.payment.deal_id));
    const { body, fact } = told(event, deal.clientId);
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

function told(event: AnyPaymentEvent, clientId: string): { body: string; fact: LoggedFact } {
  const { payment, previous, actorId } = event;
  const { deal_id, policy_id } = payment;
  const data = { deal_id, client_id: clientId, policy_id, payment_id: payment.id, payment };
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
  const fields = Object.keys(previous);
  if (fields.length === 0) return { payment_id: payment.id, before: null, after: payment };
  const after = Object.fromEntries(fields.map((field) => [field, payment[field as keyof PaymentView]]));
  return { payment_id: payment.id, before: previous, after };
}
