import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { LineKind, PaymentLineView } from '../contracts.js';
import { PaymentLines } from '../lines/payment-lines.js';
import type { PaymentPath } from '../payment-path.js';

/** Deletes an income or an expense softly; the journal keeps it as it was. */
export class DeleteLineCommand extends Command<PaymentLineView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly kind: LineKind,
    readonly lineId: string,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(DeleteLineCommand)
export class DeleteLineHandler implements ICommandHandler<DeleteLineCommand> {
  constructor(
    private readonly lines: PaymentLines,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `income_not_found`, `expense_not_found`, `version_mismatch`. */
  async execute({ caller, path, paymentId, kind, lineId, expected }: DeleteLineCommand): Promise<PaymentLineView> {
    const { line } = await this.lines.change(caller, path, paymentId, async () => {
      const line = await this.lines.load(kind, paymentId, lineId);
      line.expectVersion(expected);
      const before = line.view;
      const at = this.clock.now();
      line.delete(caller.userId, at);
      return { kind, what: 'deleted', line, before, actorId: caller.userId, at } as const;
    });
    return line.view;
  }
}
