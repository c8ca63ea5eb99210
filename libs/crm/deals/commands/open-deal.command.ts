import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { type CalendarDate, type Caller, Clock, newId } from '#platform/kernel';
import type { DealView } from '../contracts.js';
import { Deal } from '../deal.entity.js';
import { ownerForbidden } from '../deal.errors.js';
import { DealRepository } from '../deal.repository.js';

/** Opens a deal for a client; it starts at `qualification`. */
export class OpenDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly facts: {
      readonly clientId: string;
      readonly title: string;
      readonly description?: string | null;
      readonly nextReviewAt: CalendarDate;
      /** Absent: the caller, unless its role sees every deal. */
      readonly ownerId?: string | null;
      readonly executorId?: string | null;
    },
  ) {
    super();
  }
}

@CommandHandler(OpenDealCommand)
export class OpenDealHandler implements ICommandHandler<OpenDealCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, facts }: OpenDealCommand): Promise<DealView> {
    const scope = requireAccess(caller, 'deals', 'create');
    const ownerId = facts.ownerId ?? scope.ownerId;
    if (!scope.all && ownerId !== caller.userId) throw ownerForbidden();
    const now = this.clock.now();
    const { clientId, title, nextReviewAt, description = null, executorId = null } = facts;
    const deal = Deal.open(
      { id: newId(), clientId, title, description, nextReviewAt, executorId, ownerId },
      caller.userId,
      now,
    );
    await this.deals.add(deal, requireAccess(caller, 'clients', 'create'), now);
    return deal.view;
  }
}
