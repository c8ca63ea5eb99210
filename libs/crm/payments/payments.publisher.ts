import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import { LINE_EVENTS, PAYMENT_CREATED, PAYMENT_DELETED, PAYMENT_UPDATED } from './payment.event-types.js';
import {
  PaymentAdded,
  PaymentCancelled,
  PaymentConfirmed,
  PaymentDeleted,
  PaymentLineAdded,
  PaymentLineDeleted,
  PaymentLineRevised,
  PaymentRevised,
} from './payment.events.js';

type AnyPaymentEvent = PaymentAdded | PaymentRevised | PaymentConfirmed | PaymentCancelled | PaymentDeleted;
type AnyLineEvent = PaymentLineAdded | PaymentLineRevised | PaymentLineDeleted;

/** What a change appends to the journal of its deal and to the event log. */
interface DealRecord {
  readonly body: string;
  readonly data: object;
  readonly events: readonly LoggedFact[];
}

/** Records changes of payments, incomes and expenses in the journal and the event log of their deal. */
@EventsHandler(
  PaymentAdded,
  PaymentRevised,
  PaymentConfirmed,
  PaymentCancelled,
  PaymentDeleted,
  PaymentLineAdded,
  PaymentLineRevised,
  PaymentLineDeleted,
)
export class PaymentsPublisher implements IEventHandler<AnyPaymentEvent | AnyLineEvent> {
  constructor(private readonly log: EventLog) {}

  handle(event: AnyPaymentEvent | AnyLineEvent): void {
    const { deal, actorId } = event;
    const { body, data, events } = 'line' in event ? recordOfLine(event) : recordOfPayment(event);
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.clientId,
      actorId,
      audience: audienceOf([deal.ownerId], [deal.executorId]),
      entry: { kind: 'system', body, data },
      events,
    });
  }
}

function recordOfPayment(event: AnyPaymentEvent): DealRecord {
  const { body, fact } = described(event);
  return { body, data: difference(event), events: [fact] };
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

/** A change of a line also changes its payment. */
function recordOfLine(event: AnyLineEvent): DealRecord {
  const { payment, previous } = event;
  const ids = idsOf(event);
  const updated = PAYMENT_UPDATED.fact({ ...ids, payment, previous, changed: Object.keys(previous) });
  return { body: bodyOf(event), data: entryOf(event), events: [lineFact(event, ids), updated] };
}

function lineFact(event: AnyLineEvent, ids: ReturnType<typeof idsOf>): LoggedFact {
  const { kind, line, previousLine, actorId, at } = event;
  const types = LINE_EVENTS[kind];
  const lineId = { [`${kind}_id`]: line.id };
  if (event instanceof PaymentLineDeleted) {
    const deletion = { deleted_at: at, deleted_by_id: actorId };
    return types.deleted.fact({ ...ids, ...lineId, [kind]: { ...lineId, ...line, ...deletion }, ...deletion });
  }
  const data = { ...ids, ...lineId, [kind]: { ...lineId, ...line } };
  if (event instanceof PaymentLineAdded) return types.created.fact(data);
  const previous = previousLine ?? {};
  return types.updated.fact({ ...data, changed: Object.keys(previous), previous });
}

function bodyOf(event: AnyLineEvent): string {
  const name = event.kind === 'income' ? 'Income' : 'Expense';
  if (event instanceof PaymentLineAdded) return `${name} added`;
  if (event instanceof PaymentLineDeleted) return `${name} deleted`;
  return `${name} changed: ${Object.keys(event.previousLine ?? {}).join(', ')}`;
}

function entryOf(event: AnyLineEvent): object {
  const { kind, line, previousLine, payment, previous } = event;
  return {
    payment_id: payment.id,
    [`${kind}_id`]: line.id,
    before: previousLine,
    after: currentLine(event),
    payment: { before: previous, after: currentValues(payment, previous) },
  };
}

/** All of a new line, the changed members of a revised one, nothing of a deleted one. */
function currentLine(event: AnyLineEvent): object | null {
  if (event instanceof PaymentLineAdded) return event.line;
  if (event instanceof PaymentLineDeleted) return null;
  return currentValues(event.line, event.previousLine ?? {});
}

/** The ids in every event of a payment and its lines. */
function idsOf({ payment: { id, deal_id, policy_id }, deal }: Pick<PaymentAdded, 'payment' | 'deal'>) {
  return { deal_id, client_id: deal.clientId, policy_id, payment_id: id };
}

/** Returns the current values of the members of `previous`. */
function currentValues<View extends object>(view: View, previous: Partial<View>): object {
  return Object.fromEntries(Object.keys(previous).map((member) => [member, view[member as keyof View]]));
}
