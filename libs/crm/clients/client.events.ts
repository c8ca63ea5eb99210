import type { ClientView } from './contracts.js';

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
