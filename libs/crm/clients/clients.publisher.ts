import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { DealParticipantsQuery } from '#crm/deals/contracts';
import { type Audience, audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import { CLIENT_CREATED, CLIENT_DELETED, CLIENT_MERGED, CLIENT_UPDATED, impersonal } from './client.event-types.js';
import { ClientAdded, ClientDeleted, ClientMerged, ClientRevised } from './client.events.js';
import type { ClientView } from './contracts.js';

type AnyClientEvent = ClientAdded | ClientRevised | ClientDeleted | ClientMerged;

/** Appends changes of a client to the event log, in the same transaction. */
@EventsHandler(ClientAdded, ClientRevised, ClientDeleted, ClientMerged)
export class ClientsPublisher implements IEventHandler<AnyClientEvent> {
  constructor(
    private readonly log: EventLog,
    private readonly queries: QueryBus,
  ) {}

  async handle(event: AnyClientEvent): Promise<void> {
    const { client, actorId } = event;
    if (event instanceof ClientMerged) return this.merged(event);
    const previous = event instanceof ClientRevised ? event.previous : {};
    this.log.record({
      stream: `clients/${client.id}`,
      clientId: client.id,
      actorId,
      audience: await this.audience(client, previous.owner_id),
      events: [this.fact(event)],
    });
  }

  /** Publishes on both streams, for subscribers of either client. */
  private async merged({ client, survivor, moved, actorId }: ClientMerged): Promise<void> {
    const { ownerIds, executorIds } = await this.queries.execute(new DealParticipantsQuery(survivor.id));
    const audience = audienceOf([client.owner_id, survivor.owner_id, ...ownerIds], executorIds);
    for (const one of [client, survivor]) {
      const data = { client_id: one.id, from_id: client.id, into_id: survivor.id, moved, client: impersonal(one) };
      const events = [CLIENT_MERGED.fact(data)];
      this.log.record({ stream: `clients/${one.id}`, clientId: one.id, actorId, audience, events });
    }
  }

  private fact(event: Exclude<AnyClientEvent, ClientMerged>): LoggedFact {
    const { client, actorId } = event;
    const facts = { client_id: client.id, client: impersonal(client) };
    if (event instanceof ClientAdded) return CLIENT_CREATED.fact(facts);
    if (event instanceof ClientDeleted) {
      return CLIENT_DELETED.fact({ ...facts, deleted_at: event.deletedAt, deleted_by_id: actorId });
    }
    const changed = Object.keys(event.previous);
    return CLIENT_UPDATED.fact({ ...facts, changed, previous: impersonal(event.previous) });
  }

  /** The owner, the one it was taken from, and every user with a deal of this client. */
  private async audience(client: ClientView, previousOwner: string | null | undefined): Promise<Audience> {
    // A new client has no deals yet, and asking for them would cost its write a transaction of several round trips.
    if (client.version === 1) return audienceOf([client.owner_id]);
    const { ownerIds, executorIds } = await this.queries.execute(new DealParticipantsQuery(client.id));
    return audienceOf([client.owner_id, previousOwner, ...ownerIds], executorIds);
  }
}
