import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { DraftPolicyFromQuoteCommand, type PolicyView } from '#crm/policies/contracts';
import { forbidden, inScope, requireAccess } from '#platform/auth';
import type { Caller, ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { coverOf } from '../quoted-cover.js';
import { quoteNotConfirmed } from '../quote.errors.js';
import { QuoteRepository } from '../quote.repository.js';

/** Drafts a policy from a confirmed quote, linked to it. */
export class DraftPolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly quoteId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DraftPolicyCommand)
export class DraftPolicyHandler implements ICommandHandler<DraftPolicyCommand> {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly commands: CommandBus,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** @throws DomainError `quote_not_confirmed`, `quote_already_linked`. */
  async execute({ caller, dealId, quoteId, expected }: DraftPolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const deal = await this.quotes.lockOpenDeal(dealId, caller, 'read');
      if (!inScope(requireAccess(caller, 'policies', 'create'), deal)) throw forbidden();
      const quote = await this.quotes.load(deal, quoteId, expected);
      if (quote.view.status !== 'confirmed') throw quoteNotConfirmed();
      return this.commands.execute(new DraftPolicyFromQuoteCommand(caller, dealId, coverOf(quote.view)));
    });
  }
}
