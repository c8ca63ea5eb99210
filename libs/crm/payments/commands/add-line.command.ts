import { Command, CommandHandler } from '@nestjs/cqrs';
import { requireActor } from '#platform/auth';
import { BatchedCommandHandler } from '#platform/cqrs';
import { type Caller, Clock, type ExpectedVersion, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { LineKind, PaymentLineView } from '../contracts.js';
import type { LineFacts, PostedFacts } from '../lines/payment-line.entity.js';
import type { PaymentPath } from '../payment-path.js';
import { LINE_BATCH, PaymentRepository } from '../payment.repository.js';

/** Adds an income or an expense to a payment. */
export class AddLineCommand extends Command<PaymentLineView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly kind: LineKind,
    readonly facts: PostedFacts<LineFacts>,
    /** Who added it, if the body names a user. */
    readonly createdById?: string | null,
    /** Version of the payment. */
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(AddLineCommand)
export class AddLineHandler extends BatchedCommandHandler<AddLineCommand, PaymentLineView> {
  protected readonly batch = LINE_BATCH;

  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws DomainError `actor_mismatch`, and as `Payment.addLine` does. */
  protected handle(command: AddLineCommand): Promise<PaymentLineView> {
    const { caller, path, paymentId, kind, facts, createdById, expected } = command;
    const actorId = requireActor(caller, createdById, 'created_by_id');
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'edit', expected);
      const now = this.clock.now();
      const line = payment.addLine(kind, newId(), facts, actorId, now);
      await this.payments.save(payment, now);
      return line.view;
    });
  }
}
