import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { QuoteView } from '../contracts.js';
import { Quote, type QuoteFacts } from '../quote.entity.js';
import { QuoteRepository } from '../quote.repository.js';

/** Puts an insurer's offer into an open deal. */
export class AddQuoteCommand extends Command<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /** Calculated today unless it says otherwise. */
    readonly facts: Omit<QuoteFacts, 'calculationDate'> & Partial<QuoteFacts>,
  ) {
    super();
  }
}

@CommandHandler(AddQuoteCommand)
export class AddQuoteHandler implements ICommandHandler<AddQuoteCommand> {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, facts }: AddQuoteCommand): Promise<QuoteView> {
    return this.unitOfWork.run(async () => {
      await this.quotes.lockOpenDeal(dealId, caller, 'create');
      const now = this.clock.now();
      const { today } = this.quotes;
      const calculated = { ...facts, calculationDate: facts.calculationDate ?? today };
      const quote = Quote.add(newId(), dealId, calculated, today, caller.userId, now);
      await this.quotes.save(quote, now);
      return quote.view;
    });
  }
}
