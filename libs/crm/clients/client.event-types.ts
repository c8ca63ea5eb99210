import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import { ClientResource, MovedByMergeResource } from './client.dto.js';
import type { ClientView, MovedByMerge } from './contracts.js';

/** Who a person is and how to reach it never goes into an event: its id does. */
const PERSONAL = ['name', 'email', 'phone', 'tax_id'] as const;
const HIDDEN = new Set<string>(PERSONAL);
type Impersonal<T> = Omit<T, (typeof PERSONAL)[number]>;

class ImpersonalClient extends OmitType(ClientResource, PERSONAL) {}

class PreviousClient extends PartialType(ImpersonalClient) {}

/** Common data of every event of a client. */
class ClientHappening {
  @UuidField()
  readonly client_id!: string;

  @ObjectField(() => ImpersonalClient, { description: 'The client after it, without name, e-mail, phone and tax id.' })
  readonly client!: Impersonal<ClientView>;
}

class ClientChange extends ClientHappening {
  @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed, the left out ones too.' })
  readonly changed!: readonly string[];

  @ObjectField(() => PreviousClient, { description: 'Their values before.' })
  readonly previous!: Impersonal<Readonly<Partial<ClientView>>>;
}

class ClientDeletion extends ClientHappening {
  @ApiProperty({ type: 'string', format: 'date-time' })
  readonly deleted_at!: Instant;

  @UuidField()
  readonly deleted_by_id!: string;
}

class ClientMerge extends ClientHappening {
  @UuidField({ description: 'The client that is no more.' })
  readonly from_id!: string;

  @UuidField({ description: 'The client that took its place.' })
  readonly into_id!: string;

  @ObjectField(() => MovedByMergeResource, { description: 'How much went over.' })
  readonly moved!: MovedByMerge;
}

const OF_CLIENT = {
  stream: 'clients/{client_id}',
  followers: 'owner of the client, owners and executors of its deals',
} as const;

export const CLIENT_CREATED = new EventType({
  ...OF_CLIENT,
  key: 'client.created',
  meaning: 'A client was added.',
  data: ClientHappening,
});

export const CLIENT_UPDATED = new EventType({
  ...OF_CLIENT,
  key: 'client.updated',
  meaning: 'A client changed.',
  data: ClientChange,
});

export const CLIENT_MERGED = new EventType({
  ...OF_CLIENT,
  key: 'client.merged',
  meaning: 'A client replaced another one; published on the streams of both.',
  data: ClientMerge,
});

export const CLIENT_DELETED = new EventType({
  ...OF_CLIENT,
  key: 'client.deleted',
  meaning: 'A client was deleted.',
  data: ClientDeletion,
});

/** Every type of event that clients publish. */
export const CLIENT_EVENT_TYPES = [CLIENT_CREATED, CLIENT_UPDATED, CLIENT_MERGED, CLIENT_DELETED];

/** A client, or values of it, without what is personal. */
export function impersonal<T extends Readonly<Partial<ClientView>>>(client: T): Impersonal<T> {
  return Object.fromEntries(Object.entries(client).filter(([field]) => !HIDDEN.has(field))) as Impersonal<T>;
}
