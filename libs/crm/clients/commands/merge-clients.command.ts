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
import type { ClientView, MergedClientFacts, MovedByMerge } from '../contracts.js';
import { GetClientQuery } from '../queries/get-client.query.js';

/** Result of a merge. In a dry run `moved` is a forecast, and `survivor` is unchanged. */
export interface Merge {
  readonly moved: MovedByMerge;
  readonly survivor: ClientView;
}

/**
 * Merges one client into another: deals, policies and documents move, the survivor takes the contacts and the tax id that
 * it lacks, and requests by its id or contact keys resolve to the survivor.
 */
export class MergeClientsCommand extends Command<Merge> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    readonly intoId: string,
    /** Takes the locks of the clients, and only counts what would move. */
    readonly isDryRun: boolean,
    /** Version of the client that is merged. */
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
   * Waits for other merges, locks the clients, then their deals, then their policies, and writes afterwards. Every
   * command that locks several of these uses this order, with streams last.
   * @throws DomainError `client_not_found`, `client_merged`, `client_merge_forbidden`, `merge_out_of_scope`,
   *   `version_mismatch`, `forbidden`.
   */
  async execute(command: MergeClientsCommand): Promise<Merge> {
    const { caller, clientId, intoId, expected } = command;
    return this.unitOfWork.run(async () => {
      const [mergedId] = await this.clients.lockAndFindMerged([clientId, intoId]);
      if (mergedId !== undefined) {
        // Refuses a client that the caller can't see.
        await this.queries.execute(new GetClientQuery(caller, mergedId));
        throw clientMergeForbidden();
      }
      const client = await this.clients.load(clientId, caller, 'merge', expected);
      const survivor = await this.clients.load(intoId, caller, 'merge', undefined);
      if (clientId === intoId) throw clientMergeForbidden();
      return { moved: await this.merge(command, client, survivor), survivor: survivor.view };
    });
  }

  private async merge(command: MergeClientsCommand, client: Client, survivor: Client): Promise<MovedByMerge> {
    const { caller, clientId, intoId, isDryRun } = command;
    const [dealIds, policyIds] = await this.rowsToMove(command);
    const audience = await this.audienceOfBoth(client.view, survivor.view);
    const now = this.clock.now();
    if (!isDryRun) {
      await this.commands.execute(new MoveDealsCommand(caller, dealIds, intoId, factsOf(client.view)));
      await this.commands.execute(new MovePoliciesCommand(caller, policyIds, intoId));
      survivor.complete(client, caller.userId, now);
      await this.clients.save(survivor, now);
    }
    // A client's own documents are in the scope of every user who may merge the client.
    const documents = await this.commands.execute(
      new MoveClientDocumentsCommand(caller, clientId, intoId, audience, isDryRun),
    );
    const moved = { deals: dealIds.length, policies: policyIds.length, documents };
    if (isDryRun) return moved;
    client.mergeInto(survivor.view, moved, caller.userId, now);
    await this.clients.save(client, now);
    await this.clients.redirectMerged(clientId, intoId);
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

function factsOf({ id, name, kind, email, phone, tax_id }: ClientView): MergedClientFacts {
  return { id, name, kind, email, phone, tax_id };
}
