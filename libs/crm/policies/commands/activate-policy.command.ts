import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { PolicyRepository } from '../policy.repository.js';

/** Puts a drafted policy into force. */
export class ActivatePolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ActivatePolicyCommand)
export class ActivatePolicyHandler implements ICommandHandler<ActivatePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, policyId, expected }: ActivatePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'edit', expected);
      const now = this.clock.now();
      policy.activate(caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
