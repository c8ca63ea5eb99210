import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { CloseReason, PolicyView } from '../contracts.js';
import { PolicyRepository } from '../policy.repository.js';

/** Ends a policy, with the reason. */
export class ClosePolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly reason: CloseReason,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ClosePolicyCommand)
export class ClosePolicyHandler implements ICommandHandler<ClosePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, policyId, reason, expected }: ClosePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'edit', expected);
      const now = this.clock.now();
      policy.close(reason, caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
