import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { PolicyRepository } from '../policy.repository.js';

/** Closes a policy whose cover has ended, without an actor. Does nothing before its end. */
export class ExpirePolicyCommand extends Command<void> {
  constructor(readonly policyId: string) {
    super();
  }
}

@CommandHandler(ExpirePolicyCommand)
export class ExpirePolicyHandler implements ICommandHandler<ExpirePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ policyId }: ExpirePolicyCommand): Promise<void> {
    await this.unitOfWork.run(async () => {
      await this.policies.lock(policyId);
      // Its end or its successor may have changed since it was found.
      const policy = await this.policies.loadOver(policyId);
      if (!policy) return;
      const now = this.clock.now();
      policy.expire(now);
      await this.policies.save(policy, now);
    });
  }
}
