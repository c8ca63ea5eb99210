import { Command, CommandBus, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { DealParticipantsQuery, type DealParties, DealsOfClientQuery, MoveDealsCommand } from '#crm/deals/contracts';
import { MoveClientDocumentsCommand } from '#crm/documents/contracts';
import { MovePoliciesCommand, PoliciesOfClientQuery } from '#crm/policies/contracts';
import { access, inScope, type Scope } from '#platform/auth';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { type Audience, audienceOf } from '#platform/messaging';
import { UnitOfWork } from '#platform/persistence';
import type { Client } from '../client.entity.js';
import { clientMergeForbidden, mergeOutOfScope } from '../client.errors.js';
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
    /** Only counts what would move. */
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
   * Locks the clients, then their deals, then their policies, and writes afterwards. Every command that locks several
   * of these uses this order, with streams last.
   * @throws DomainError `client_not_found`, `client_merge_forbidden`, `merge_out_of_scope`.
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
    const [dealIds, policyIds] = await this.rowsToMove(command);
    const audience = await this.audienceOfBoth(client.view, survivor);
    if (!isDryRun) {
      await this.commands.execute(new MoveDealsCommand(caller, dealIds, intoId));
      await this.commands.execute(new MovePoliciesCommand(caller, policyIds, intoId));
    }
    // A client's own documents are in the scope of every user who may merge the client.
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

  /**
   * Ids of the deals and of the policies that move, locked; in a dry run those visible to the caller.
   * @throws DomainError `merge_out_of_scope`.
   */
  private async rowsToMove({ caller, clientId, isDryRun }: MergeClientsCommand): Promise<[string[], string[]]> {
    const action = isDryRun ? 'read' : 'edit';
    const deals = await this.queries.execute(new DealsOfClientQuery(clientId, !isDryRun));
    const policies = await this.queries.execute(new PoliciesOfClientQuery(clientId, !isDryRun));
    const ownDeals = rowsInScope(deals, access(caller, 'deals', action));
    const ownPolicies = rowsInScope(policies, access(caller, 'policies', action));
    const isPartial = ownDeals.length < deals.length || ownPolicies.length < policies.length;
    if (isPartial && !isDryRun) throw mergeOutOfScope();
    return [ownDeals.map(({ id }) => id), ownPolicies.map(({ id }) => id)];
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

function rowsInScope<T extends DealParties>(rows: readonly T[], scope: Scope | null): readonly T[] {
  return rows.filter((row) => scope !== null && inScope(scope, row));
}
