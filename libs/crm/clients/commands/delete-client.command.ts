import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { DealParticipantsQuery } from '#crm/deals/contracts';
import { PoliciesOfClientQuery } from '#crm/policies/contracts';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { clientHasDeals, clientHasPolicies } from '../client.errors.js';
import { ClientRepository } from '../client.repository.js';
import type { ClientView } from '../contracts.js';

/** Deletes a client softly; one that has deals or policies stays. */
export class DeleteClientCommand extends Command<ClientView> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeleteClientCommand)
export class DeleteClientHandler implements ICommandHandler<DeleteClientCommand> {
  constructor(
    private readonly clients: ClientRepository,
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `client_has_deals`, `client_has_policies`. */
  async execute({ caller, clientId, expected }: DeleteClientCommand): Promise<ClientView> {
    return this.unitOfWork.run(async () => {
      await this.clients.lock(clientId);
      const client = await this.clients.load(clientId, caller, 'delete', expected);
      const { dealCount } = await this.queries.execute(new DealParticipantsQuery(clientId));
      if (dealCount > 0) throw clientHasDeals();
      const policyIds = await this.queries.execute(new PoliciesOfClientQuery(clientId));
      if (policyIds.length > 0) throw clientHasPolicies();
      const now = this.clock.now();
      client.delete(caller.userId, now);
      await this.clients.save(client, now);
      return client.view;
    });
  }
}
