import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import type { PolicyFacts } from '../policy.entity.js';
import { policyMoved } from '../policy.errors.js';
import { PolicyRepository } from '../policy.repository.js';

/** Drafts the policy that follows another one; what is not given is taken over. */
export class RenewPolicyCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    readonly facts: Partial<PolicyFacts>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(RenewPolicyCommand)
export class RenewPolicyHandler implements ICommandHandler<RenewPolicyCommand> {
  constructor(
    private readonly policies: PolicyRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * @returns the successor, a draft.
   * @throws DomainError `policy_not_renewable`, `policy_already_renewed`, `policy_number_taken`, `edit_conflict`.
   */
  async execute({ caller, policyId, facts, expected }: RenewPolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const heldClientId = await this.policies.lockClient(policyId);
      const policy = await this.policies.load(policyId, caller, 'create', expected);
      if (heldClientId && heldClientId !== policy.view.client_id) throw policyMoved();
      const now = this.clock.now();
      const successor = policy.renew(newId(), facts, caller.userId, now);
      await this.policies.save(successor, now);
      return successor.view;
    });
  }
}
