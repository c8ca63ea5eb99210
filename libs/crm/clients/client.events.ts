import type { ClientView, MovedByMerge } from './contracts.js';

abstract class ClientEvent {
  constructor(
    readonly client: ClientView,
    /** UUID of the user. */
    readonly actorId: string,
  ) {}
}

export class ClientAdded extends ClientEvent {}

export class ClientRevised extends ClientEvent {
  constructor(
    client: ClientView,
    actorId: string,
    /** Values before the change, of the fields that changed. */
    readonly previous: Readonly<Partial<ClientView>>,
  ) {
    super(client, actorId);
  }
}

export class ClientDeleted extends ClientEvent {
  constructor(
    client: ClientView,
    actorId: string,
    readonly deletedAt: string,
  ) {
    super(client, actorId);
  }
}

/** Another client has taken its place. */
export class ClientMerged extends ClientEvent {
  constructor(
    client: ClientView,
    actorId: string,
    readonly survivor: ClientView,
    readonly moved: MovedByMerge,
  ) {
    super(client, actorId);
  }
}
