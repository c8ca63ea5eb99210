import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { DealFacts } from '#crm/deals/contracts';
import { requireAccess } from '#platform/auth';
import { type Caller, Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { QuoteView } from '../contracts.js';
import { Quote, type QuoteFacts } from '../quote.entity.js';
import { ownerMismatch } from '../quote.errors.js';
import { QuoteRepository } from '../quote.repository.js';

/** Puts an insurer's offer into an open deal. */
export class AddQuoteCommand extends Command<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /** Calculated today unless it says otherwise. */
    readonly facts: Omit<QuoteFacts, 'calculationDate'> & Partial<QuoteFacts>,
    /** Owner; default: the caller. A lead or an admin may name the deal's owner or executor, or null. */
    readonly ownerId?: string | null,
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

  /** @throws DomainError `deal_not_found`, `deal_closed`, `owner_mismatch`. */
  async execute({ caller, dealId, facts, ownerId }: AddQuoteCommand): Promise<QuoteView> {
    return this.unitOfWork.run(async () => {
      const deal = await this.quotes.lockOpenDeal(dealId, caller, 'create');
      const preparedBy = ownerOf(deal, caller, ownerId);
      const now = this.clock.now();
      const { today } = this.quotes;
      const calculated = { ...facts, calculationDate: facts.calculationDate ?? today };
      const origin = { id: newId(), dealId, ownerId: preparedBy };
      const quote = Quote.add(origin, calculated, today, caller.userId, now);
      await this.quotes.save(quote, now);
      return quote.view;
    });
  }
}

function ownerOf(deal: DealFacts, caller: Caller, given: string | null | undefined): string | null {
  if (given === undefined || given === caller.userId) return caller.userId;
  const isParty = given === null || given === deal.ownerId || given === deal.executorId;
  if (!isParty || !requireAccess(caller, 'quotes', 'create').all) throw ownerMismatch();
  return given;
}
