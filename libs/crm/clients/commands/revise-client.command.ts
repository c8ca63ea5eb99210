import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { ClientSettings } from '#platform/config';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { ClientFacts } from '../client.entity.js';
import { ClientRepository } from '../client.repository.js';
import type { ClientView } from '../contracts.js';

/** Changes the given facts of a client. */
export class ReviseClientCommand extends Command<ClientView> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    readonly facts: Partial<ClientFacts>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseClientCommand)
export class ReviseClientHandler implements ICommandHandler<ReviseClientCommand> {
  constructor(
    private readonly clients: ClientRepository,
    private readonly clock: Clock,
    private readonly settings: ClientSettings,
  ) {}

  async execute({ caller, clientId, facts, expected }: ReviseClientCommand): Promise<ClientView> {
    const client = await this.clients.load(clientId, caller, 'edit', expected);
    if (facts.ownerId !== undefined && facts.ownerId !== client.view.owner_id)
      requireAccess(caller, 'clients', 'assign');
    const now = this.clock.now();
    client.revise(facts, this.settings, caller.userId, now);
    await this.clients.save(client, now);
    return client.view;
  }
}
