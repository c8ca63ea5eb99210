import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { DealFactsQuery } from '#crm/deals/contracts';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import type { QuoteView } from './contracts.js';
import { QUOTE_CREATED, QUOTE_DELETED, QUOTE_STATUS_REACHED, QUOTE_UPDATED } from './quote.event-types.js';
import { QuoteAdded, QuoteDeleted, QuoteRevised, QuoteStatusChanged } from './quote.events.js';

type AnyQuoteEvent = QuoteAdded | QuoteRevised | QuoteStatusChanged | QuoteDeleted;

/** Appends changes of a quote to the deal's journal and the event log. */
@EventsHandler(QuoteAdded, QuoteRevised, QuoteStatusChanged, QuoteDeleted)
export class QuotesPublisher implements IEventHandler<AnyQuoteEvent> {
  constructor(
    private readonly log: EventLog,
    private readonly queries: QueryBus,
  ) {}

  async handle(event: AnyQuoteEvent): Promise<void> {
    const deal = await this.queries.execute(new DealFactsQuery(event.quote.deal_id));
    const { body, facts } = factsOf(event, deal.clientId);
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.clientId,
      actorId: event.actorId,
      audience: audienceOf([deal.ownerId], [deal.executorId]),
      entry: { kind: 'system', body, data: difference(event) },
      events: facts,
    });
  }
}

function factsOf(event: AnyQuoteEvent, clientId: string): { body: string; facts: LoggedFact[] } {
  const { quote, previous, actorId } = event;
  const data = { deal_id: quote.deal_id, client_id: clientId, quote_id: quote.id, quote };
  const updated = QUOTE_UPDATED.fact({ ...data, changed: Object.keys(previous), previous });
  if (event instanceof QuoteAdded) return { body: 'Quote added', facts: [QUOTE_CREATED.fact(data)] };
  if (event instanceof QuoteStatusChanged) {
    const reached = QUOTE_STATUS_REACHED[quote.status];
    if (!reached || !previous.status) throw new Error(`no event type for a quote that became ${quote.status}`);
    const change = { ...data, from: previous.status, to: quote.status, policy_id: quote.linked_policy_id };
    return { body: `Quote ${quote.status}`, facts: [reached.fact(change), updated] };
  }
  if (event instanceof QuoteDeleted) {
    const deleted = { ...data, deleted_at: event.deletedAt, deleted_by_id: actorId };
    return { body: 'Quote deleted', facts: [QUOTE_DELETED.fact(deleted)] };
  }
  return { body: `Quote changed: ${Object.keys(previous).join(', ')}`, facts: [updated] };
}

function difference({ quote, previous }: AnyQuoteEvent): object {
  const fields = Object.keys(previous);
  if (fields.length === 0) return { quote_id: quote.id, before: null, after: quote };
  const after = Object.fromEntries(fields.map((field) => [field, quote[field as keyof QuoteView]]));
  return { quote_id: quote.id, before: previous, after };
}
