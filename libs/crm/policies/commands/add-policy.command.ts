import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { ClientInScopeQuery } from '#crm/clients/contracts';
import { DealInScopeQuery } from '#crm/deals/contracts';
import { forbidden, inScope, requireAccess } from '#platform/auth';
import { type Caller, Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { DealMoney } from '../deal-money.js';
import { Policy, type PolicyFacts } from '../policy.entity.js';
import { requireClientOfDeal } from '../policy-client.js';
import { ownerMismatch } from '../policy.errors.js';
import { PolicyRepository } from '../policy.repository.js';

/** Drafts a policy on a deal, or for a client alone. */
export class AddPolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    /** A deal or a client at least; with a deal the client and the owner are the deal's. */
    readonly subject: { readonly dealId?: string | null; readonly clientId?: string; readonly ownerId?: string | null },
    readonly facts: PolicyFacts,
  ) {
    super();
  }
}

@CommandHandler(AddPolicyCommand)
export class AddPolicyHandler implements ICommandHandler<AddPolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly queries: QueryBus,
    private readonly dealMoney: DealMoney,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws DomainError `deal_not_found`, `client_not_found`, `client_mismatch`, `owner_mismatch`,
   *   `policy_number_taken`.
   */
  async execute({ caller, subject, facts }: AddPolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const now = this.clock.now();
      const { clientId, dealId, ownerId } = await this.place(caller, subject);
      const origin = { id: newId(), clientId, dealId, ownerId, quoteId: null, renewsPolicyId: null };
      const factsWithCurrency = await this.dealMoney.withCurrency(facts, dealId);
      const policy = Policy.draft(origin, factsWithCurrency, this.policies.today, caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }

  private async place(
    caller: Caller,
    { dealId, clientId, ownerId }: AddPolicyCommand['subject'],
  ): Promise<{ clientId: string; dealId: string | null; ownerId: string | null }> {
    const scope = requireAccess(caller, 'policies', 'create');
    if (dealId) {
      const deal = await this.queries.execute(new DealInScopeQuery(caller, dealId, true));
      if (!inScope(scope, deal)) throw forbidden();
      if (clientId) await requireClientOfDeal(this.queries, clientId, deal.clientId);
      if (ownerId !== undefined && ownerId !== deal.ownerId)
        throw ownerMismatch('The policy has the owner of its deal.');
      return { clientId: deal.clientId, dealId, ownerId: deal.ownerId };
    }
    // Without a deal the caller becomes its owner; an executor has no such rows.
    if (!scope.all && scope.ownerId === null) throw forbidden();
    const client = await this.queries.execute(new ClientInScopeQuery(caller, clientId!, true, 'create'));
    const { ownerId: own } = scope;
    if (!scope.all && ownerId !== undefined && ownerId !== own) {
      throw ownerMismatch('Only a team lead or an admin drafts a policy for another user.');
    }
    return { clientId: client.id, dealId: null, ownerId: ownerId === undefined ? own : ownerId };
  }
}
