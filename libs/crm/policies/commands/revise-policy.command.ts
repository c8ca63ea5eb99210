import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import type { PolicyFacts } from '../policy.entity.js';
import { PolicyRepository } from '../policy.repository.js';

/** Changes the given facts of a policy that is not closed. */
export class RevisePolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly facts: Partial<PolicyFacts>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(RevisePolicyCommand)
export class RevisePolicyHandler implements ICommandHandler<RevisePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, policyId, facts, expected }: RevisePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'edit', expected);
      const now = this.clock.now();
      policy.revise(facts, caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
