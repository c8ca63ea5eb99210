import { AddLineCommand, AddPaymentCommand, CancelPaymentCommand, ConfirmPaymentCommand } from '#crm/payments';
import { addDays, type CalendarDate, type Caller, type Money } from '#platform/kernel';
import { type Act, callerOf } from './act.js';
import type { Dice } from './content/dice.js';
import type { SoldPolicy } from './policy-acts.js';
import { DEMO_USERS } from './content/users.js';
import type { WorkingTime } from './content/working-time.js';

/** Number of instalments; most are paid at once. */
const PARTS = [1, 1, 2, 4] as const;
/** Commission in twentieths of the premium. */
const COMMISSION_TWENTIETHS = [2, 3, 4] as const;
/** Days after the cover begins. */
const COMMISSION_AFTER = 21;
/** Share of the due payments that were paid. */
const PAID = 0.8;
const PAID_IN_PART = 0.1;
const CONFIRMED = 0.7;
/** Share of the income that was paid out again. */
const DISCOUNTED = 0.15;
const SHARED = 0.3;

const FINANCE = DEMO_USERS.filter(({ role }) => role === 'finance').map(callerOf);

/** A planned payment, with its id once it exists. */
interface DemoPayment {
  readonly due: CalendarDate;
  readonly amount: Money;
  readonly category: 'premium' | 'commission';
  readonly comment: string;
  id?: string;
}

/** Premiums in instalments and the commission of each sold policy; most of the due amounts are paid. */
export function drawPayments(sold: readonly SoldPolicy[], time: WorkingTime, dice: Dice): Act[] {
  return sold.flatMap((policy) =>
    paymentsOf(policy, dice).flatMap((payment) => new PaymentLife(payment, policy, time, dice).acts()),
  );
}

function paymentsOf({ premium, effectiveFrom }: SoldPolicy, dice: Dice): DemoPayment[] {
  const parts = premium.split(dice.pick(PARTS));
  const premiums = parts.map((amount, index): DemoPayment => {
    const due = addDays(effectiveFrom, Math.round((364 / parts.length) * index));
    return { due, amount, category: 'premium', comment: `Взнос ${index + 1} из ${parts.length}` };
  });
  const twentieth = premium.split(20)[0]!;
  const amount = Array.from({ length: dice.pick(COMMISSION_TWENTIETHS) }, () => twentieth).reduce((a, b) => a.plus(b));
  const due = addDays(effectiveFrom, COMMISSION_AFTER);
  return [...premiums, { due, amount, category: 'commission', comment: 'Комиссия страховщика' }];
}

/** Acts of one payment, from plan to money. */
class PaymentLife {
  private readonly finance: Caller;

  constructor(
    private readonly payment: DemoPayment,
    private readonly sold: SoldPolicy,
    private readonly time: WorkingTime,
    private readonly dice: Dice,
  ) {
    this.finance = dice.pick(FINANCE);
  }

  acts(): Act[] {
    const age = this.dueAge();
    const { endedAge } = this.sold;
    if (endedAge !== null && (age === null || age < endedAge)) return [this.plan(), this.cancel(endedAge)];
    return age === null ? [this.plan()] : [this.plan(), ...this.money(age)];
  }

  /** Workdays ago of the first workday from the due day on; null when it is in the future. */
  private dueAge(): number | null {
    const before = this.time.workdaysSince(addDays(this.payment.due, -1));
    return before === 0 ? null : before - 1 + this.dice.between(0.1, 0.9);
  }

  private plan(): Act {
    const { sold, payment } = this;
    const { age, caller } = sold.policy;
    const facts = {
      plannedDate: payment.due,
      plannedAmount: payment.amount.amount,
      currency: payment.amount.currency,
      comment: payment.comment,
      actualDate: null,
    };
    return {
      // The day of the policy, before its first due payment.
      at: this.time.ago(Math.max(Math.floor(age), age - 0.05)),
      command: () => new AddPaymentCommand(caller, this.path(true), facts),
      done: ({ id }) => (payment.id = id),
    };
  }

  private cancel(age: number): Act {
    return {
      at: this.time.ago(age * 0.9),
      command: () => new CancelPaymentCommand(this.finance, this.path(), this.payment.id!),
    };
  }

  private money(age: number): Act[] {
    const { amount, category } = this.payment;
    const luck = this.dice.fraction();
    if (luck > PAID + PAID_IN_PART) return [];
    if (luck > PAID) return [this.line(age, 'income', amount.split(2)[0]!, category)];
    const acts = [this.line(age, 'income', amount, category)];
    const tenth = amount.split(10)[0]!;
    if (category === 'premium' && this.dice.chance(DISCOUNTED)) acts.push(this.line(age, 'expense', tenth, 'discount'));
    if (category === 'commission' && this.dice.chance(SHARED)) {
      acts.push(this.line(age * 0.95, 'expense', tenth.plus(tenth), 'payout'));
    }
    return this.dice.chance(CONFIRMED) ? [...acts, this.confirm(age)] : acts;
  }

  private line(age: number, kind: 'income' | 'expense', { amount }: Money, category: string): Act {
    const facts = { amount, category, postedAt: this.time.day(age), note: null };
    return {
      at: this.time.ago(age),
      command: () => new AddLineCommand(this.finance, this.path(), this.payment.id!, kind, facts),
    };
  }

  private confirm(age: number): Act {
    return {
      at: this.time.ago(age * this.dice.between(0.6, 0.9)),
      command: () => new ConfirmPaymentCommand(this.finance, this.path(), this.payment.id!, this.time.day(age)),
    };
  }

  private path(isForPolicy = false) {
    const { policy, history } = this.sold;
    return { dealId: history.deal.id!, policyId: isForPolicy ? policy.id! : null };
  }
}
