import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { requireActor } from '#platform/auth';
import { type Caller, Clock, type ExpectedVersion, newId } from '#platform/kernel';
import { versionMismatch } from '#platform/persistence';
import type { LineKind, PaymentLineView } from '../contracts.js';
import { LineRules } from '../lines/line-rules.js';
import { LINE_ENTITIES, type LineFacts } from '../lines/payment-line.entity.js';
import { PaymentLines } from '../lines/payment-lines.js';
import type { PaymentPath } from '../payment-path.js';

/** Puts an income or an expense under a payment. */
export class AddLineCommand extends Command<PaymentLineView> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly paymentId: string,
    readonly kind: LineKind,
    readonly facts: LineFacts & { readonly currency?: string },
    /** Who did it, if the body says so. */
    readonly createdById?: string | null,
    /** Version of the payment. */
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(AddLineCommand)
export class AddLineHandler implements ICommandHandler<AddLineCommand> {
  constructor(
    private readonly lines: PaymentLines,
    private readonly rules: LineRules,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `payment_cancelled`, `currency_mismatch`, `amount_precision`, `posted_at_in_future`, `version_mismatch`, `actor_mismatch`. */
  async execute(command: AddLineCommand): Promise<PaymentLineView> {
    const { caller, path, paymentId, kind, facts, expected } = command;
    const currency = facts.currency?.trim().toUpperCase();
    const actorId = requireActor(caller, command.createdById, 'created_by_id');
    this.rules.requirePast(facts.postedAt);
    const at = this.clock.now();
    const line = new LINE_ENTITIES[kind]().post(newId(), paymentId, facts, actorId, at);
    const change = {
      kind,
      what: 'created',
      line,
      before: null,
      currency,
      paymentVersions: expected,
      actorId,
      at,
    } as const;
    await this.lines.add(caller, path, paymentId, change, (payment) => {
      this.rules.requireOpen(payment);
      this.rules.requireCurrency(payment, currency);
      this.rules.requireAmount(payment, facts.amount);
      if (expected && !expected.includes(payment.version)) throw versionMismatch();
    });
    return line.view;
  }
}
