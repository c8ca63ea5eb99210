import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { ClientSettings } from '#platform/config';
import { type Caller, Clock, type Instant, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { Client, type ClientFacts } from '../client.entity.js';
import { clientDuplicate, ownerForbidden } from '../client.errors.js';
import { ClientRepository } from '../client.repository.js';
import type { ClientView } from '../contracts.js';
import { DuplicateClientsQuery } from '../queries/duplicate-clients.query.js';

/** Takes a new client into the book. */
export class AddClientCommand extends Command<ClientView> {
  constructor(
    readonly caller: Caller,
    /** Default `kind`: person. Default `ownerId`: the caller, or null (no owner) if its role sees every client. */
    readonly facts: Pick<ClientFacts, 'name'> & Partial<ClientFacts>,
    /** Whether to add it although one with the same e-mail, phone or tax id is known. */
    readonly allowDuplicate: boolean,
  ) {
    super();
  }
}

@CommandHandler(AddClientCommand)
export class AddClientHandler implements ICommandHandler<AddClientCommand> {
  constructor(
    private readonly clients: ClientRepository,
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly settings: ClientSettings,
  ) {}

  /** @throws DomainError `client_duplicate` with the candidates, `owner_forbidden`, `validation_failed`. */
  async execute({ caller, facts, allowDuplicate }: AddClientCommand): Promise<ClientView> {
    const scope = requireAccess(caller, 'clients', 'create');
    const { ownerId = scope.ownerId } = facts;
    if (!scope.all && ownerId !== caller.userId) throw ownerForbidden();
    const { email = null, phone = null, taxId = null, status = 'active', name, kind = 'person' } = facts;
    const now = this.clock.now();
    const whole = { name, kind, email, phone, taxId, status, ownerId };
    const client = Client.add(newId(), whole, this.settings, caller.userId, now);
    if (allowDuplicate) await this.clients.save(client, now);
    else await this.unitOfWork.run(() => this.saveNew(client, caller, now));
    return client.view;
  }

  private async saveNew(client: Client, caller: Caller, now: Instant): Promise<void> {
    await this.clients.lockKeys(client.keys);
    const candidates = await this.queries.execute(new DuplicateClientsQuery(caller, client.keys));
    if (candidates.length > 0) throw clientDuplicate(candidates);
    await this.clients.save(client, now);
  }
}
