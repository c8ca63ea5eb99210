import { CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { DealFactsQuery } from '#crm/deals/contracts';
import { Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import {
  DraftPolicyFromQuoteCommand,
  LinkPolicyToQuoteCommand,
  type PolicyView,
  type QuotedCover,
  ReleaseQuoteCommand,
} from '../contracts.js';
import { Policy, type PolicyFacts } from '../policy.entity.js';
import { policyNotFound, quoteAlreadyLinked } from '../policy.errors.js';
import { PolicyRepository } from '../policy.repository.js';

/** Parts of changing a quote, whose command has checked what the caller may do. */
@CommandHandler(LinkPolicyToQuoteCommand)
export class LinkPolicyToQuoteHandler implements ICommandHandler<LinkPolicyToQuoteCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, policyId, cover }: LinkPolicyToQuoteCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      // Only a policy of another deal, which is refused, has a deal that is locked after the quote's own.
      const policy = await this.policies.load(policyId, caller, 'read');
      if (policy.view.deal_id !== dealId) throw policyNotFound();
      const now = this.clock.now();
      const earlier = await this.policies.linkedTo(cover.quoteId);
      if (earlier && earlier.id !== policy.id) {
        earlier.release(caller.userId, now);
        await this.policies.save(earlier, now);
      }
      policy.linkTo(cover, caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}

@CommandHandler(ReleaseQuoteCommand)
export class ReleaseQuoteHandler implements ICommandHandler<ReleaseQuoteCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, quoteId }: ReleaseQuoteCommand): Promise<void> {
    await this.unitOfWork.run(async () => {
      const policy = await this.policies.linkedTo(quoteId);
      if (!policy) return;
      const now = this.clock.now();
      policy.release(caller.userId, now);
      await this.policies.save(policy, now);
    });
  }
}

@CommandHandler(DraftPolicyFromQuoteCommand)
export class DraftPolicyFromQuoteHandler implements ICommandHandler<DraftPolicyFromQuoteCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, dealId, cover }: DraftPolicyFromQuoteCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const deal = await this.queries.execute(new DealFactsQuery(dealId));
      if (await this.policies.linkedTo(cover.quoteId)) throw quoteAlreadyLinked();
      const now = this.clock.now();
      const { clientId, ownerId } = deal;
      const origin = { id: newId(), clientId, dealId, ownerId, quoteId: cover.quoteId, renewsPolicyId: null };
      const policy = Policy.draft(origin, factsOf(cover), this.policies.today, caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}

function factsOf(cover: QuotedCover): PolicyFacts {
  const { insuranceCompany, premium, currency, effectiveFrom, effectiveTo } = cover;
  return { insuranceCompany, premium, currency, effectiveFrom, effectiveTo, policyNumber: null };
}
