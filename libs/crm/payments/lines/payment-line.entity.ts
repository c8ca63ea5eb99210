import { type CalendarDate, type Instant, Money } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import type { LineKind, Nature, PaymentLineView } from '../contracts.js';
import { natureOf } from './line-category.js';

/** Fields of a line; the amount is decimal text. */
export interface LineFacts {
  readonly amount: string;
  readonly category: string;
  readonly postedAt: CalendarDate;
  readonly note: string | null;
}

/** Facts of a line, with the currency that the caller believes the payment to have, if it names one. */
export type PostedFacts<F> = F & { readonly currency?: string };

/** Money that came in on a payment or went out: an income or an expense. */
export abstract class PaymentLine extends Aggregate {
  /** Not a column: each kind has its table. */
  abstract readonly kind: LineKind;

  @Column('uuid', { name: 'payment_id' })
  private paymentId!: string;

  @Column('numeric', { precision: 14, scale: 2 })
  private amount!: string;

  /** The payment's. */
  @Column('char', { length: 3 })
  private currency!: string;

  @Column('varchar', { length: 64 })
  private category!: string;

  @Column('varchar', { length: 16 })
  private nature!: Nature;

  @Column('date', { name: 'posted_at' })
  private postedAt!: CalendarDate;

  @Column('varchar', { length: 300, nullable: true })
  private note: string | null = null;

  @Column('uuid', { name: 'created_by_id' })
  private createdById!: string;

  @Column('uuid', { name: 'updated_by_id' })
  private updatedById!: string;

  /**
   * Makes a new line of a payment.
   * @throws DomainError `amount_precision`, `currency_not_supported`.
   */
  post(id: string, paymentId: string, currency: string, facts: LineFacts, actorId: string, now: Instant): this {
    this.begin(id, now);
    this.paymentId = paymentId;
    this.currency = currency;
    this.createdById = actorId;
    this.updatedById = actorId;
    Money.given(facts.amount, currency, 'amount');
    this.set(facts);
    return this;
  }

  get view(): PaymentLineView {
    return {
      id: this.id,
      payment_id: this.paymentId,
      amount: this.amount,
      currency: this.currency,
      category: this.category,
      nature: this.nature,
      posted_at: this.postedAt,
      note: this.note,
      created_by_id: this.createdById,
      updated_by_id: this.updatedById,
      version: this.version,
      is_deleted: this.isDeleted,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
    };
  }

  /** What it adds to its payment's total. */
  get counted(): Money {
    return Money.of(this.isDeleted ? '0' : this.amount, this.currency);
  }

  /**
   * Changes the given facts.
   * @returns the previous values of the members that changed; undefined, with the same version, when none did.
   * @throws DomainError `amount_precision`.
   */
  revise(facts: Partial<LineFacts>, actorId: string, now: Instant): Partial<PaymentLineView> | undefined {
    const exact = facts.amount === undefined ? {} : { amount: Money.normalised(facts.amount) };
    const changes = this.differing({ ...facts, ...exact });
    if (!changes) return undefined;
    const before = this.view;
    this.set(changes);
    const previous = this.diff(before, this.view);
    this.touch(now);
    this.updatedById = actorId;
    return previous;
  }

  delete(actorId: string, now: Instant): void {
    this.markDeleted(actorId, now);
    this.updatedById = actorId;
  }

  /** Absent fields keep their value. */
  private set(facts: Partial<LineFacts>): void {
    const { category = this.category, postedAt = this.postedAt, note = this.note } = facts;
    if (facts.amount !== undefined) this.amount = Money.corrected(facts.amount, this.currency, 'amount').amount;
    this.category = category;
    this.nature = natureOf(category);
    this.postedAt = postedAt;
    this.note = note;
  }
}

/** Money in: premium, commission. */
@Entity({ schema: 'crm', name: 'payment_incomes' })
export class PaymentIncome extends PaymentLine {
  readonly kind = 'income';
}

/** Money out: discount to the client, payout to a colleague. */
@Entity({ schema: 'crm', name: 'payment_expenses' })
export class PaymentExpense extends PaymentLine {
  readonly kind = 'expense';
}

export const LINE_ENTITIES = { income: PaymentIncome, expense: PaymentExpense } as const satisfies Record<
  LineKind,
  new () => PaymentLine
>;
