import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { MovePoliciesCommand } from '../contracts.js';
import { PolicyRepository } from '../policy.repository.js';

@CommandHandler(MovePoliciesCommand)
export class MovePoliciesHandler implements ICommandHandler<MovePoliciesCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `policy_not_found`. */
  async execute({ caller, policyIds, intoClientId }: MovePoliciesCommand): Promise<void> {
    await this.unitOfWork.run(async () => {
      const now = this.clock.now();
      for (const id of policyIds) {
        const policy = await this.policies.loadHeld(id);
        policy.giveTo(intoClientId, caller.userId, now);
        await this.policies.save(policy, now);
      }
    });
  }
}
