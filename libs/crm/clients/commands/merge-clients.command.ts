import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { DealParticipantsQuery, DealsOfClientQuery, MoveDealsCommand } from '#crm/deals/contracts';
import { MoveClientDocumentsCommand } from '#crm/documents/contracts';
import { MovePoliciesCommand, PoliciesOfClientQuery } from '#crm/policies/contracts';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { type Audience, audienceOf } from '#platform/messaging';
import { UnitOfWork } from '#platform/persistence';
import type { Client } from '../client.entity.js';
import { clientMergeForbidden } from '../client.errors.js';
import { ClientRepository } from '../client.repository.js';
import type { ClientView, MovedByMerge } from '../contracts.js';
import { GetClientQuery } from '../queries/get-client.query.js';

/** What a merge did, or would do. */
export interface Merge {
  readonly moved: MovedByMerge;
  readonly survivor: ClientView;
}

/** Puts one client in the place of another: deals, policies and documents move, the old id answers with the survivor. */
export class MergeClientsCommand extends Command<Merge> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    readonly intoId: string,
    /** Only says what would move. */
    readonly isDryRun: boolean,
    /** Of the client that goes. */
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(MergeClientsCommand)
export class MergeClientsHandler implements ICommandHandler<MergeClientsCommand> {
  constructor(
    private readonly clients: ClientRepository,
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Holds the clients, then their deals, then their policies, and only then writes: everything else that holds several
   * of these takes them in this order, and streams last.
   * @throws DomainError `client_not_found`, `client_merge_forbidden`.
   */
  async execute(command: MergeClientsCommand): Promise<Merge> {
    const { caller, clientId, intoId, expected } = command;
    return this.unitOfWork.run(async () => {
      for (const id of await this.clients.hold([clientId, intoId])) {
        await this.queries.execute(new GetClientQuery(caller, id));
        throw clientMergeForbidden();
      }
      const client = await this.clients.load(clientId, caller, 'merge', expected);
      const { view: survivor } = await this.clients.load(intoId, caller, 'merge', undefined);
      if (clientId === intoId) throw clientMergeForbidden();
      return { moved: await this.merge(command, client, survivor), survivor };
    });
  }

  private async merge(command: MergeClientsCommand, client: Client, survivor: ClientView): Promise<MovedByMerge> {
    const { caller, clientId, intoId, isDryRun } = command;
    const dealIds = await this.queries.execute(new DealsOfClientQuery(clientId, !isDryRun));
    const policyIds = await this.queries.execute(new PoliciesOfClientQuery(clientId, !isDryRun));
    const audience = await this.audienceOfBoth(client.view, survivor);
    if (!isDryRun) {
      await this.commands.execute(new MoveDealsCommand(caller, dealIds, intoId));
      await this.commands.execute(new MovePoliciesCommand(caller, policyIds, intoId));
    }
    const documents = await this.commands.execute(
      new MoveClientDocumentsCommand(caller, clientId, intoId, audience, isDryRun),
    );
    const moved = { deals: dealIds.length, policies: policyIds.length, documents };
    if (isDryRun) return moved;
    const now = this.clock.now();
    client.mergeInto(survivor, moved, caller.userId, now);
    await this.clients.save(client, now);
    return moved;
  }

  private async audienceOfBoth(client: ClientView, survivor: ClientView): Promise<Audience> {
    const ofClient = await this.queries.execute(new DealParticipantsQuery(client.id));
    const ofSurvivor = await this.queries.execute(new DealParticipantsQuery(survivor.id));
    return audienceOf(
      [client.owner_id, survivor.owner_id, ...ofClient.ownerIds, ...ofSurvivor.ownerIds],
      [...ofClient.executorIds, ...ofSurvivor.executorIds],
    );
  }
}
