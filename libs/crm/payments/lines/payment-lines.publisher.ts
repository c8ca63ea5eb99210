import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import { LINE_EVENTS, PAYMENT_UPDATED } from '../payment.event-types.js';
import { PaymentLineAdded, PaymentLineDeleted, PaymentLineRevised } from '../payment.events.js';
import { currentValues, idsOf } from '../payments.publisher.js';

type AnyLineEvent = PaymentLineAdded | PaymentLineRevised | PaymentLineDeleted;

/** Records changes of incomes and expenses in the journal and the event log of their deal. */
@EventsHandler(PaymentLineAdded, PaymentLineRevised, PaymentLineDeleted)
export class PaymentLinesPublisher implements IEventHandler<AnyLineEvent> {
  constructor(private readonly log: EventLog) {}

  handle(event: AnyLineEvent): void {
    const { deal, payment, previous, actorId } = event;
    const ids = idsOf(event);
    const updated = PAYMENT_UPDATED.fact({ ...ids, payment, previous, changed: Object.keys(previous) });
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.clientId,
      actorId,
      audience: audienceOf([deal.ownerId], [deal.executorId]),
      entry: { kind: 'system', body: bodyOf(event), data: entryOf(event) },
      events: [lineFact(event, ids), updated],
    });
  }
}

function lineFact(event: AnyLineEvent, ids: ReturnType<typeof idsOf>): LoggedFact {
  const { kind, line, previousLine, actorId, at } = event;
  const types = LINE_EVENTS[kind];
  const data = { ...ids, [`${kind}_id`]: line.id, [kind]: { [`${kind}_id`]: line.id, ...line } };
  if (event instanceof PaymentLineAdded) return types.created.fact(data);
  if (event instanceof PaymentLineDeleted) {
    return types.deleted.fact({ ...data, deleted_at: at, deleted_by_id: actorId });
  }
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
