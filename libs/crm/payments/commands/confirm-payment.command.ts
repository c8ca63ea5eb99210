import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireActor } from '#platform/auth';
import { type CalendarDate, type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** Finance says that a payment was paid. */
export class ConfirmPaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    /** What was recorded unless given, and today when nothing was. */
    readonly actualDate?: CalendarDate,
    /** Who says so, if the body does. */
    readonly recordedById?: string | null,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ConfirmPaymentCommand)
export class ConfirmPaymentHandler implements ICommandHandler<ConfirmPaymentCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `payment_cancelled`, `payment_confirmed`, `actual_date_in_future`, `actual_date_before_planned_date`. */
  async execute(command: ConfirmPaymentCommand): Promise<PaymentView> {
    const { caller, path, paymentId, expected } = command;
    const recordedById = requireActor(caller, command.recordedById, 'recorded_by_id');
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'confirm', expected);
      const now = this.clock.now();
      const actualDate = command.actualDate ?? payment.view.actual_date ?? this.payments.today;
      payment.confirm(actualDate, recordedById, caller.userId, now);
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
