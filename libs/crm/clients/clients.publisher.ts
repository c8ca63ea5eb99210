import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { DealParticipantsQuery } from '#crm/deals/contracts';
import { type Change, EventLog } from '#platform/messaging';
import { ClientAdded, ClientDeleted, ClientMerged, ClientRevised } from './client.events.js';
import type { ClientView } from './contracts.js';

type AnyClientEvent = ClientAdded | ClientRevised | ClientDeleted | ClientMerged;

/** Who a person is and how to reach it never goes into an event: its id does. */
const PERSONAL = new Set(['name', 'email', 'phone', 'tax_id']);

/** Tells the log what happened to a client, in the transaction in which it happens. */
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

  /** Told on both streams: who follows either client learns of it. */
  private async merged({ client, survivor, moved, actorId }: ClientMerged): Promise<void> {
    const { userIds } = await this.queries.execute(new DealParticipantsQuery(survivor.id));
    const audience = people(client.owner_id, survivor.owner_id, ...userIds);
    for (const one of [client, survivor]) {
      const data = { client_id: one.id, from_id: client.id, into_id: survivor.id, moved, client: impersonal(one) };
      const events = [{ type: 'client.merged', data }];
      this.log.record({ stream: `clients/${one.id}`, clientId: one.id, actorId, audience, events });
    }
  }

  private fact(event: Exclude<AnyClientEvent, ClientMerged>): Change['events'][number] {
    const { client, actorId } = event;
    const facts = { client_id: client.id, client: impersonal(client) };
    if (event instanceof ClientAdded) return { type: 'client.created', data: facts };
    if (event instanceof ClientDeleted) {
      return { type: 'client.deleted', data: { ...facts, deleted_at: event.deletedAt, deleted_by_id: actorId } };
    }
    const changed = Object.keys(event.previous);
    return { type: 'client.updated', data: { ...facts, changed, previous: impersonal(event.previous) } };
  }

  /** The owner, the one it was taken from, and everybody with a deal of this client. */
  private async audience(client: ClientView, previousOwner: string | null | undefined): Promise<string[]> {
    // A new client has no deals yet, and asking for them would cost its write a transaction of several round trips.
    const { userIds } =
      client.version === 1 ? { userIds: [] } : await this.queries.execute(new DealParticipantsQuery(client.id));
    return people(client.owner_id, previousOwner, ...userIds);
  }
}

function impersonal(client: Readonly<Partial<ClientView>>): object {
  return Object.fromEntries(Object.entries(client).filter(([field]) => !PERSONAL.has(field)));
}

function people(...ids: (string | null | undefined)[]): string[] {
  return [...new Set(ids.filter((id) => typeof id === 'string'))];
}
