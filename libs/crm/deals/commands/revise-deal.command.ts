import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { DealView } from '../contracts.js';
import type { DealRevision } from '../deal.entity.js';
import { DealRepository } from '../deal.repository.js';

/** Changes the given fields of a deal. */
export class ReviseDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly revision: DealRevision,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseDealCommand)
export class ReviseDealHandler implements ICommandHandler<ReviseDealCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, revision, expected }: ReviseDealCommand): Promise<DealView> {
    const deal = await this.deals.load(dealId, caller, 'edit', expected);
    const now = this.clock.now();
    deal.revise(revision, caller.userId, now);
    await this.deals.save(deal, now);
    return deal.view;
  }
}
