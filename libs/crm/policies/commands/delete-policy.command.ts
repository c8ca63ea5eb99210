import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { PolicyRepository } from '../policy.repository.js';

/** Deletes a draft softly. */
export class DeletePolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeletePolicyCommand)
export class DeletePolicyHandler implements ICommandHandler<DeletePolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, policyId, expected }: DeletePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'delete', expected);
      const now = this.clock.now();
      policy.delete(caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
