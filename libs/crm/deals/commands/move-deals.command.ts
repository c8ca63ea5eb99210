import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { MoveDealsCommand } from '../contracts.js';
import { DealRepository } from '../deal.repository.js';

@CommandHandler(MoveDealsCommand)
export class MoveDealsHandler implements ICommandHandler<MoveDealsCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `deal_not_found`. */
  async execute({ caller, dealIds, intoClientId, mergedClient }: MoveDealsCommand): Promise<void> {
    await this.unitOfWork.run(async () => {
      const now = this.clock.now();
      for (const id of dealIds) {
        const deal = await this.deals.loadHeld(id);
        deal.giveTo(intoClientId, caller.userId, now, mergedClient);
        await this.deals.save(deal, now);
      }
    });
  }
}
