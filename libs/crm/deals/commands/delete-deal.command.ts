import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { HasPaymentsQuery } from '#crm/payments/contracts';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { DealView } from '../contracts.js';
import { dealHasPayments } from '../deal.errors.js';
import { DealRepository } from '../deal.repository.js';

/** Deletes a deal softly: the row and its journal stay, but are no longer visible. */
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
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `deal_has_payments`: what money was planned or moved does not go out of sight. */
  async execute({ caller, dealId, expected }: DeleteDealCommand): Promise<DealView> {
    return this.unitOfWork.run(async () => {
      await this.deals.lock(dealId);
      const deal = await this.deals.load(dealId, caller, 'delete', expected);
      if (await this.queries.execute(new HasPaymentsQuery({ dealId }))) throw dealHasPayments();
      const now = this.clock.now();
      deal.delete(caller.userId, now);
      await this.deals.save(deal, now);
      return deal.view;
    });
  }
}
