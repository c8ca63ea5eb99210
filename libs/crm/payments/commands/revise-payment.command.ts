import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import type { PaymentFacts } from '../payment-facts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** Changes the given facts of a payment. */
export class RevisePaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly facts: Partial<PaymentFacts>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(RevisePaymentCommand)
export class RevisePaymentHandler implements ICommandHandler<RevisePaymentCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async execute({ caller, path, paymentId, facts, expected }: RevisePaymentCommand): Promise<PaymentView> {
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'edit', expected);
      const now = this.clock.now();
      payment.revise(facts, caller.userId, now);
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
