import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { LineKind, PaymentLineView } from '../contracts.js';
import { LineRules } from '../lines/line-rules.js';
import type { LineFacts } from '../lines/payment-line.entity.js';
import { PaymentLines } from '../lines/payment-lines.js';
import type { PaymentPath } from '../payment-path.js';

/** Changes the given facts of an income or an expense. */
export class ReviseLineCommand extends Command<PaymentLineView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly kind: LineKind,
    readonly lineId: string,
    readonly facts: Partial<LineFacts> & { readonly currency?: string },
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseLineCommand)
export class ReviseLineHandler implements ICommandHandler<ReviseLineCommand> {
  constructor(
    private readonly lines: PaymentLines,
    private readonly rules: LineRules,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `income_not_found`, `expense_not_found`, `currency_mismatch`, `amount_precision`, `posted_at_in_future`, `version_mismatch`. */
  async execute(command: ReviseLineCommand): Promise<PaymentLineView> {
    const { caller, path, paymentId, kind, lineId, facts, expected } = command;
    const { line } = await this.lines.change(caller, path, paymentId, async (payment) => {
      const line = await this.lines.load(kind, paymentId, lineId);
      line.expectVersion(expected);
      this.rules.requireCurrency(payment, facts.currency?.trim().toUpperCase());
      const before = line.view;
      if (facts.postedAt !== before.posted_at) this.rules.requirePast(facts.postedAt);
      const at = this.clock.now();
      line.revise(facts, caller.userId, at);
      return { kind, what: 'updated', line, before, actorId: caller.userId, at } as const;
    });
    return line.view;
  }
}
