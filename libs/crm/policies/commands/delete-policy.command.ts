import { Command, CommandHandler, type ICommandHandler, QueryBus } from '@nestjs/cqrs';
import { HasPaymentsQuery } from '#crm/payments/contracts';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PolicyView } from '../contracts.js';
import { policyHasPayments } from '../policy.errors.js';
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
    private readonly queries: QueryBus,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `policy_not_draft`, `policy_has_payments`. */
  async execute({ caller, policyId, expected }: DeletePolicyCommand): Promise<PolicyView> {
    return this.unitOfWork.run(async () => {
      const policy = await this.policies.load(policyId, caller, 'delete', expected);
      if (await this.queries.execute(new HasPaymentsQuery({ policyId }))) throw policyHasPayments();
      const now = this.clock.now();
      policy.delete(caller.userId, now);
      await this.policies.save(policy, now);
      return policy.view;
    });
  }
}
