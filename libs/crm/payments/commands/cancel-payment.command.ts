import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** Finance takes a payment out of the plan, for good; its lines stay, and no new ones come. */
export class CancelPaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(CancelPaymentCommand)
export class CancelPaymentHandler implements ICommandHandler<CancelPaymentCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `payment_cancelled`. */
  async execute({ caller, path, paymentId, expected }: CancelPaymentCommand): Promise<PaymentView> {
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'cancel', expected);
      const now = this.clock.now();
      payment.cancel(caller.userId, now);
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
