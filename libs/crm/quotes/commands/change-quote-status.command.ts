import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { LinkPolicyToQuoteCommand, ReleaseQuoteCommand } from '#crm/policies/contracts';
import type { ActionOn } from '#platform/auth';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { QuoteStatus, QuoteView } from '../contracts.js';
import { coverOf } from '../quoted-cover.js';
import type { Quote } from '../quote.entity.js';
import { policyNotApplicable } from '../quote.errors.js';
import { QuoteRepository } from '../quote.repository.js';

/** Moves a quote to another state; confirming may link a policy of the same deal, archiving releases it. */
export class ChangeQuoteStatusCommand extends Command<QuoteView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly quoteId: string,
    readonly status: QuoteStatus,
    readonly policyId: string | null,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

/** What one must be allowed to do in order to bring a quote into a state. */
const ACTION_INTO: Readonly<Record<QuoteStatus, ActionOn<'quotes'>>> = {
  draft: 'edit',
  ready: 'ready',
  confirmed: 'confirm',
  archived: 'archive',
};

@CommandHandler(ChangeQuoteStatusCommand)
export class ChangeQuoteStatusHandler implements ICommandHandler<ChangeQuoteStatusCommand> {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly commands: CommandBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * Locks the deal, the quote and the policy in this order before it writes, so that two changes cannot deadlock.
   * @throws DomainError `deal_closed`, `quote_transition_forbidden`, `…_required_for_ready`, `policy_not_applicable`,
   *   `policy_not_found`, `policy_already_linked`.
   */
  async execute(command: ChangeQuoteStatusCommand): Promise<QuoteView> {
    const { caller, dealId, quoteId, status, policyId, expected } = command;
    return this.unitOfWork.run(async () => {
      const deal = await this.quotes.lockDeal(dealId, caller, ACTION_INTO[status]);
      const quote = await this.quotes.load(deal, quoteId, expected);
      if (policyId !== null && status !== 'confirmed') throw policyNotApplicable();
      quote.requireTransition(status);
      const linkedPolicyId = await this.link(command, quote);
      const now = this.clock.now();
      quote.moveTo(status, linkedPolicyId, caller.userId, now);
      await this.quotes.save(quote, now);
      return quote.view;
    });
  }

  private async link({ caller, dealId, quoteId, status, policyId }: ChangeQuoteStatusCommand, quote: Quote) {
    if (policyId !== null) {
      await this.commands.execute(new LinkPolicyToQuoteCommand(caller, dealId, policyId, coverOf(quote.view)));
      return policyId;
    }
    if (status !== 'archived') return quote.linkedPolicyId;
    await this.commands.execute(new ReleaseQuoteCommand(caller, quoteId));
    return null;
  }
}
