import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { DealView } from '../contracts.js';
import type { DealAssignment } from '../deal.entity.js';
import { DealRepository } from '../deal.repository.js';

/** Gives a deal to another owner or executor. */
export class AssignDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly assignment: DealAssignment,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(AssignDealCommand)
export class AssignDealHandler implements ICommandHandler<AssignDealCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, assignment, expected }: AssignDealCommand): Promise<DealView> {
    const deal = await this.deals.load(dealId, caller, 'assign', expected);
    const now = this.clock.now();
    deal.assign(assignment, caller.userId, now);
    await this.deals.save(deal, now);
    return deal.view;
  }
}
