import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, newId } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import type { PaymentView } from '../contracts.js';
import { type Instalment, instalmentsOf, type SchedulePlan } from '../instalments.js';
import { Payment } from '../payment.entity.js';
import type { PaymentPath } from '../payment-path.js';
import { PaymentRepository } from '../payment.repository.js';

/** A payment of a schedule; null of what a dry run does not make. */
export interface ScheduledPayment {
  readonly id: string | null;
  readonly sequence: number | null;
  readonly planned_date: string;
  readonly planned_amount: string;
  readonly currency: string;
}

/** Plans an amount as several payments, all or none. */
export class SchedulePaymentsCommand extends Command<readonly ScheduledPayment[]> {
  constructor(
    readonly caller: Caller,
    readonly path: PaymentPath,
    readonly plan: SchedulePlan,
    readonly comment: string | null,
    /** Whether only to show what it would be. */
    readonly isDryRun: boolean,
  ) {
    super();
  }
}

@CommandHandler(SchedulePaymentsCommand)
export class SchedulePaymentsHandler implements ICommandHandler<SchedulePaymentsCommand> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `policy_not_found`, `instalment_too_small`, `instalment_too_late`. */
  async execute({ caller, path, plan, comment, isDryRun }: SchedulePaymentsCommand): Promise<ScheduledPayment[]> {
    return this.unitOfWork.run(async () => {
      const deal = await this.payments.lockDeal(path.dealId, caller, 'create');
      await this.payments.lockPolicy(caller, path);
      const parts = instalmentsOf(plan);
      if (isDryRun) return parts.map((part) => ({ id: null, sequence: null, ...planned(part, plan.currency) }));
      const first = await this.payments.takeSequences(path.dealId, path.policyId, parts.length);
      const made: PaymentView[] = [];
      for (const [index, part] of parts.entries()) {
        const now = this.clock.now();
        const facts = { ...part, currency: plan.currency, comment, actualDate: null };
        const place = { deal, policyId: path.policyId, sequence: first + index };
        const payment = Payment.plan(newId(), place, facts, this.payments.today, caller.userId, now);
        await this.payments.save(payment, now);
        made.push(payment.view);
      }
      return made.map(({ id, sequence, planned_date, planned_amount, currency }) => ({
        ...{ id, sequence, planned_date, planned_amount, currency },
      }));
    });
  }
}

function planned({ plannedDate, plannedAmount }: Instalment, currency: string) {
  return { planned_date: plannedDate, planned_amount: plannedAmount, currency };
}
