import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import { SurvivingClientQuery } from '#crm/clients/contracts';
import { requireAccess } from '#platform/auth';
import { BatchedCommandHandler } from '#platform/cqrs';
import { type CalendarDate, type Caller, Clock, DomainError, newId } from '#platform/kernel';
import type { DealView } from '../contracts.js';
import { Deal } from '../deal.entity.js';
import { clientNotFound, ownerForbidden } from '../deal.errors.js';
import { DealRepository } from '../deal.repository.js';

/** Opens a deal for a client; it starts at `qualification`. */
export class OpenDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly facts: {
      /** Of a merged client: its survivor gets the deal. */
      readonly clientId: string;
      readonly title: string;
      readonly description?: string | null;
      readonly nextReviewAt: CalendarDate;
      /** Default: the caller, or no owner if its role sees every deal. Null (no owner) only for such a role. */
      readonly ownerId?: string | null;
      readonly executorId?: string | null;
    },
  ) {
    super();
  }
}

@CommandHandler(OpenDealCommand)
export class OpenDealHandler extends BatchedCommandHandler<OpenDealCommand, DealView> {
  protected readonly batch = { maxBatchSize: 50 };

  constructor(
    private readonly deals: DealRepository,
    private readonly queries: QueryBus,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws DomainError `client_not_found`, `owner_forbidden`. */
  protected async handle({ caller, facts }: OpenDealCommand): Promise<DealView> {
    const scope = requireAccess(caller, 'deals', 'create');
    const { ownerId = scope.ownerId } = facts;
    if (!scope.all && ownerId !== caller.userId) throw ownerForbidden();
    const { title, nextReviewAt, description = null, executorId = null } = facts;
    const open = (clientId: string) =>
      this.open({ id: newId(), clientId, title, description, nextReviewAt, executorId, ownerId }, caller);
    for (let clientId = facts.clientId; ;) {
      try {
        return await open(clientId);
      } catch (error) {
        // Merged clients are rare: their survivor is looked up only when the client is not found. It may be merged too.
        const survivorId = await this.survivorAfter(error, clientId);
        if (survivorId === null) throw error;
        clientId = survivorId;
      }
    }
  }

  private async open(facts: Parameters<typeof Deal.open>[0], caller: Caller): Promise<DealView> {
    const now = this.clock.now();
    const deal = Deal.open(facts, caller.userId, now);
    await this.deals.add(deal, requireAccess(caller, 'clients', 'create'), now);
    return deal.view;
  }

  private async survivorAfter(error: unknown, clientId: string): Promise<string | null> {
    if (!(error instanceof DomainError) || error.code !== clientNotFound().code) return null;
    const survivorId = await this.queries.execute(new SurvivingClientQuery(clientId));
    return survivorId === clientId ? null : survivorId;
  }
}
