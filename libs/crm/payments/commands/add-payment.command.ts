import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireActor } from '#platform/auth';
import { type Caller, Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import { Payment } from '../payment.entity.js';
import type { PaymentFacts } from '../payment-facts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** Plans a payment of a deal, or of one of its policies. */
export class AddPaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly facts: PaymentFacts,
    /** Who did it, if the body says so. */
    readonly createdById?: string | null,
  ) {
    super();
  }
}

@CommandHandler(AddPaymentCommand)
export class AddPaymentHandler implements ICommandHandler<AddPaymentCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `policy_not_found`, `actual_date_in_future`, `actual_date_before_planned_date`, `actor_mismatch`. */
  async execute({ caller, path, facts, createdById }: AddPaymentCommand): Promise<PaymentView> {
    const { dealId, policyId } = path;
    const actorId = requireActor(caller, createdById, 'created_by_id');
    return this.unitOfWork.run(async () => {
      const deal = await this.payments.lockDeal(dealId, caller, 'create');
      await this.payments.lockPolicy(caller, path);
      const sequence = await this.payments.takeSequences(dealId, policyId, 1);
      const now = this.clock.now();
      const place = { deal, policyId, sequence };
      const payment = Payment.plan(newId(), place, facts, this.payments.today, actorId, now);
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
