import { Command, CommandHandler } from '@nestjs/cqrs';
import { BatchedCommandHandler } from '#platform/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { LineKind, PaymentLineView } from '../contracts.js';
import type { LineFacts, PostedFacts } from '../lines/payment-line.entity.js';
import type { PaymentPath } from '../payment-path.js';
import { LINE_BATCH, PaymentRepository } from '../payment.repository.js';

/** Changes the given facts of an income or an expense. */
export class ReviseLineCommand extends Command<PaymentLineView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly kind: LineKind,
    readonly lineId: string,
    readonly facts: PostedFacts<Partial<LineFacts>>,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseLineCommand)
export class ReviseLineHandler extends BatchedCommandHandler<ReviseLineCommand, PaymentLineView> {
  protected readonly batch = LINE_BATCH;

  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws DomainError `income_not_found`, `expense_not_found`, `version_mismatch`, and as `Payment.reviseLine` does. */
  protected handle(command: ReviseLineCommand): Promise<PaymentLineView> {
    const { caller, path, paymentId, kind, lineId, facts, expected } = command;
    return this.unitOfWork.run(async () => {
      const payment = await this.payments.lockForUpdate(caller, path, paymentId, 'edit');
      const line = await this.payments.loadLine(payment, kind, lineId, expected);
      const now = this.clock.now();
      payment.reviseLine(line, facts, caller.userId, now);
      await this.payments.save(payment, now);
      return line.view;
    });
  }
}
