import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { DealView } from '../contracts.js';
import { DealRepository } from '../deal.repository.js';

/** Deletes a deal softly: the row and its journal stay, and nobody is shown it any more. */
export class DeleteDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeleteDealCommand)
export class DeleteDealHandler implements ICommandHandler<DeleteDealCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, expected }: DeleteDealCommand): Promise<DealView> {
    const deal = await this.deals.load(dealId, caller, 'delete', expected);
    const now = this.clock.now();
    deal.delete(caller.userId, now);
    await this.deals.save(deal, now);
    return deal.view;
  }
}
