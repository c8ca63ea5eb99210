import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyStatus, PolicyView } from '../contracts.js';
import { DealMoney } from '../deal-money.js';
import type { PolicyFacts } from '../policy.entity.js';
import { statusNotSettable } from '../policy.errors.js';
import { PolicyRepository } from '../policy.repository.js';

/** Changes the given facts of a policy that is not closed, and activates a draft if the status says so. */
export class RevisePolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly facts: Partial<PolicyFacts>,
    /** `active`, or the current status. */
    readonly status?: PolicyStatus,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(RevisePolicyCommand)
export class RevisePolicyHandler implements ICommandHandler<RevisePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly dealMoney: DealMoney,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `validation_failed` for a status that no PATCH sets. */
  async execute({ caller, policyId, facts, status, expected }: RevisePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'edit', expected);
      const now = this.clock.now();
      const { status: present, currency, deal_id: dealId } = policy.view;
      const factsWithCurrency = currency === null ? await this.dealMoney.withCurrency(facts, dealId) : facts;
      policy.revise(factsWithCurrency, caller.userId, now);
      if (status !== undefined && status !== present) {
        if (status !== 'active') throw statusNotSettable();
        policy.activate(caller.userId, now);
      }
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
