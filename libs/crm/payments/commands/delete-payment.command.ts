import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** Deletes a payment without lines softly; its sequence is never given again. */
export class DeletePaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeletePaymentCommand)
export class DeletePaymentHandler implements ICommandHandler<DeletePaymentCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `payment_has_transactions`. */
  async execute({ caller, path, paymentId, expected }: DeletePaymentCommand): Promise<PaymentView> {
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'delete', expected);
      const now = this.clock.now();
      payment.delete(caller.userId, now);
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
