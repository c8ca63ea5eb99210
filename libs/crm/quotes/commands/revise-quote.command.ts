import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { QuoteView } from '../contracts.js';
import type { QuoteFacts } from '../quote.entity.js';
import { QuoteRepository } from '../quote.repository.js';

/** Changes the given facts of a quote that is not confirmed yet. */
export class ReviseQuoteCommand extends Command<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly quoteId: string,
    readonly facts: Partial<QuoteFacts>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseQuoteCommand)
export class ReviseQuoteHandler implements ICommandHandler<ReviseQuoteCommand> {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, quoteId, facts, expected }: ReviseQuoteCommand): Promise<QuoteView> {
    return this.unitOfWork.run(async () => {
      const deal = await this.quotes.lockDeal(dealId, caller, 'edit');
      const quote = await this.quotes.load(deal, quoteId, expected);
      const now = this.clock.now();
      quote.revise(facts, caller.userId, now);
      await this.quotes.save(quote, now);
      return quote.view;
    });
  }
}
