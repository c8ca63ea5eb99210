import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireAccess } from '#platform/auth';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentStatus, PaymentView } from '../contracts.js';
import { policyMismatch, statusNotSettable } from '../payment.errors.js';
import type { PaymentFacts } from '../payment-facts.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** What one request changes of a payment. */
export interface PaymentChange {
  readonly facts: Partial<PaymentFacts>;
  /** `cancelled`, or the current status. */
  readonly status?: PaymentStatus;
  /** The policy of the payment, which a request may repeat. */
  readonly policyId?: string | null;
}

/** Changes the given facts of a payment, and cancels it if the status says so. */
export class RevisePaymentCommand extends Command<PaymentView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly change: PaymentChange,
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

  /** @throws DomainError `policy_mismatch`, `forbidden`, `validation_failed` for a status that no PATCH sets. */
  async execute({ caller, path, paymentId, change, expected }: RevisePaymentCommand): Promise<PaymentView> {
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'edit', expected);
      const now = this.clock.now();
      const { status: present, policy_id } = payment.view;
      if (change.policyId !== undefined && change.policyId !== policy_id) throw policyMismatch();
      payment.revise(change.facts, caller.userId, now);
      if (change.status !== undefined && change.status !== present) {
        if (change.status !== 'cancelled') throw statusNotSettable();
        requireAccess(caller, 'payments', 'cancel');
        payment.cancel(caller.userId, now);
      }
      await this.payments.save(payment, now);
      return payment.view;
    });
  }
}
