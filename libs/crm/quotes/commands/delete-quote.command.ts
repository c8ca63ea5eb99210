import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ReleaseQuoteCommand } from '#crm/policies/contracts';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { QuoteView } from '../contracts.js';
import { QuoteRepository } from '../quote.repository.js';

/** Deletes a quote softly and releases its policy. */
export class DeleteQuoteCommand extends Command<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly quoteId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeleteQuoteCommand)
export class DeleteQuoteHandler implements ICommandHandler<DeleteQuoteCommand> {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly commands: CommandBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, quoteId, expected }: DeleteQuoteCommand): Promise<QuoteView> {
    return this.unitOfWork.run(async () => {
      const deal = await this.quotes.lockOpenDeal(dealId, caller, 'delete');
      const quote = await this.quotes.load(deal, quoteId, expected);
      await this.commands.execute(new ReleaseQuoteCommand(caller, quoteId));
      const now = this.clock.now();
      quote.delete(caller.userId, now);
      await this.quotes.save(quote, now);
      return quote.view;
    });
  }
}
