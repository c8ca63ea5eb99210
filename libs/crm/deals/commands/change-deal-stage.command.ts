import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { DealView, Stage } from '../contracts.js';
import { DealRepository } from '../deal.repository.js';

/** Moves a deal to another stage of the funnel. */
export class ChangeDealStageCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly stage: Stage,
    /** Why it was lost. */
    readonly reason: string | null,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ChangeDealStageCommand)
export class ChangeDealStageHandler implements ICommandHandler<ChangeDealStageCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, stage, reason, expected }: ChangeDealStageCommand): Promise<DealView> {
    const deal = await this.deals.load(dealId, caller, 'edit', expected);
    const now = this.clock.now();
    deal.moveTo(stage, reason, caller.userId, now);
    await this.deals.save(deal, now);
    return deal.view;
  }
}
