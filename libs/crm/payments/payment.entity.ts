import { type CalendarDate, type Instant, Money } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import type { LineKind, PaymentLineView, PaymentStatus, PaymentView } from './contracts.js';
import { LINE_ENTITIES, type LineFacts, type PaymentLine, type PostedFacts } from './lines/payment-line.entity.js';
import {
  actualDateBeforePlanned,
  actualDateInFuture,
  currencyMismatch,
  paymentCancelled,
  paymentConfirmed,
  paymentHasTransactions,
  postedInFuture,
  totalTooLarge,
} from './payment.errors.js';
import {
  type DealOfPayment,
  PaymentAdded,
  PaymentCancelled,
  PaymentConfirmed,
  PaymentDeleted,
  PaymentLineAdded,
  PaymentLineDeleted,
  PaymentLineRevised,
  PaymentRevised,
} from './payment.events.js';

/** Fields of a payment; money is decimal text. */
export interface PaymentFacts {
  readonly plannedDate: CalendarDate;
  readonly plannedAmount: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly comment: string | null;
  readonly actualDate: CalendarDate | null;
}

/** The deal of a payment, and its policy if it has one. */
export interface PaymentPlace {
  readonly deal: DealOfPayment;
  readonly policyId: string | null;
  readonly sequence: number;
}

const LARGEST_TOTAL = '999999999999.99';
const TOTALS = { income: 'incomesTotal', expense: 'expensesTotal' } as const satisfies Record<LineKind, string>;

/** One planned instalment of money on a deal, usually for a policy; its lines say what came and went. */
@Entity({ schema: 'crm', name: 'payments' })
export class Payment extends Aggregate {
  @Column('uuid', { name: 'deal_id' })
  private dealId!: string;

  @Column('uuid', { name: 'policy_id', nullable: true })
  private policyId: string | null = null;

  @Column('int')
  private sequence!: number;

  @Column('date', { name: 'planned_date' })
  private plannedDate!: CalendarDate;

  @Column('date', { name: 'actual_date', nullable: true })
  private actualDate: CalendarDate | null = null;

  @Column('numeric', { name: 'planned_amount', precision: 14, scale: 2 })
  private plannedAmount!: string;

  @Column('char', { length: 3 })
  private currency!: string;

  @Column('varchar', { length: 500, nullable: true })
  private comment: string | null = null;

  /** Changed by lines alone; PostgreSQL refuses a commit in which it is not their sum. */
  @Column('numeric', { name: 'incomes_total', precision: 14, scale: 2 })
  private incomesTotal = '0.00';

  @Column('numeric', { name: 'expenses_total', precision: 14, scale: 2 })
  private expensesTotal = '0.00';

  @Column('timestamptz', { name: 'cancelled_at', nullable: true })
  private cancelledAt: Instant | null = null;

  @Column('uuid', { name: 'recorded_by_id', nullable: true })
  private recordedById: string | null = null;

  @Column('uuid', { name: 'created_by_id' })
  private createdById!: string;

  @Column('uuid', { name: 'updated_by_id' })
  private updatedById!: string;

  /** The present business day; not a column. */
  today!: CalendarDate;

  /** Not a column. */
  deal!: DealOfPayment;

  /** Not a column. */
  private readonly changedLines = new Set<PaymentLine>();

  /**
   * Plans a payment.
   * @throws DomainError `currency_not_supported`, `amount_precision`, `actual_date_in_future`,
   *   `actual_date_before_planned_date`.
   */
  static plan(
    id: string,
    place: PaymentPlace,
    facts: PaymentFacts,
    today: CalendarDate,
    actorId: string,
    now: Instant,
  ): Payment {
    const payment = new Payment();
    payment.begin(id, now);
    Object.assign(payment, { ...place, dealId: place.deal.id, today, createdById: actorId, updatedById: actorId });
    payment.set(facts);
    payment.apply(new PaymentAdded(payment.view, place.deal, actorId, {}, now));
    return payment;
  }

  get view(): PaymentView {
    const incomes = Money.of(this.incomesTotal, this.currency);
    return {
      id: this.id,
      deal_id: this.dealId,
      policy_id: this.policyId,
      sequence: this.sequence,
      status: this.status,
      planned_date: this.plannedDate,
      planned_amount: this.plannedAmount,
      currency: this.currency,
      comment: this.comment,
      actual_date: this.actualDate,
      incomes_total: this.incomesTotal,
      expenses_total: this.expensesTotal,
      net_total: incomes.minus(Money.of(this.expensesTotal, this.currency)).amount,
      recorded_by_id: this.recordedById,
      created_by_id: this.createdById,
      updated_by_id: this.updatedById,
      version: this.version,
      is_deleted: this.isDeleted,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
    };
  }

  /** What lines change of it, in the order of the events. */
  private get balance(): Pick<PaymentView, 'status' | 'net_total' | 'incomes_total' | 'expenses_total'> {
    const { status, net_total, incomes_total, expenses_total } = this.view;
    return { status, net_total, incomes_total, expenses_total };
  }

  /** Whether it has lines that are not deleted: each is above zero. */
  private get hasLines(): boolean {
    return this.incomesTotal !== '0.00' || this.expensesTotal !== '0.00';
  }

  /** Derived, never set; the column of the same name is generated by the same rule. */
  private get status(): PaymentStatus {
    if (this.cancelledAt !== null) return 'cancelled';
    const incomes = Money.of(this.incomesTotal, this.currency);
    if (incomes.compare(Money.of('0', this.currency)) === 0) return 'scheduled';
    return incomes.compare(Money.of(this.plannedAmount, this.currency)) < 0 ? 'partially_paid' : 'paid';
  }

  /**
   * Changes what is given; nothing happens when everything stays as it was.
   * @throws DomainError `payment_cancelled`, `payment_has_transactions`, `payment_confirmed`, `currency_not_supported`,
   *   `amount_precision`, `actual_date_in_future`, `actual_date_before_planned_date`.
   */
  revise(facts: Partial<PaymentFacts>, actorId: string, now: Instant): void {
    const changes = this.differing(this.exact(facts));
    if (!changes) return;
    if (this.cancelledAt !== null) throw paymentCancelled();
    if ('currency' in changes && this.hasLines) throw paymentHasTransactions();
    if ('actualDate' in changes && this.recordedById !== null) throw paymentConfirmed();
    this.change(actorId, now, PaymentRevised, () => this.set(changes));
  }

  /**
   * Finance says that it was paid on `actualDate`.
   * @param recordedById who says so.
   * @throws DomainError `payment_cancelled`, `payment_confirmed`, `actual_date_in_future`,
   *   `actual_date_before_planned_date`.
   */
  confirm(actualDate: CalendarDate, recordedById: string, actorId: string, now: Instant): void {
    if (this.cancelledAt !== null) throw paymentCancelled();
    if (this.recordedById !== null) throw paymentConfirmed();
    this.change(actorId, now, PaymentConfirmed, () => {
      this.set({ actualDate });
      this.recordedById = recordedById;
    });
  }

  /** @throws DomainError `payment_cancelled`. */
  cancel(actorId: string, now: Instant): void {
    if (this.cancelledAt !== null) throw paymentCancelled();
    this.change(actorId, now, PaymentCancelled, () => {
      this.cancelledAt = now;
    });
  }

  /** @throws DomainError `payment_has_transactions`. */
  delete(actorId: string, now: Instant): void {
    if (this.hasLines) throw paymentHasTransactions();
    this.markDeleted(actorId, now);
    this.updatedById = actorId;
    this.apply(new PaymentDeleted(this.view, this.deal, actorId, { is_deleted: false }, now));
  }

  /**
   * Adds an income or an expense.
   * @throws DomainError `payment_cancelled`, `currency_mismatch`, `amount_precision`, `currency_not_supported`,
   *   `posted_at_in_future`, `total_too_large`.
   */
  addLine(kind: LineKind, id: string, facts: PostedFacts<LineFacts>, actorId: string, now: Instant): PaymentLine {
    if (this.cancelledAt !== null) throw paymentCancelled();
    this.requireCurrency(facts.currency);
    this.requirePast(facts.postedAt);
    const line = new LINE_ENTITIES[kind]().post(id, this.id, this.currency, facts, actorId, now);
    this.changeLine(PaymentLineAdded, line, null, line.counted, actorId, now);
    return line;
  }

  /**
   * Changes the given facts of a line, also of a cancelled payment; nothing happens when everything stays as it was.
   * @throws DomainError `currency_mismatch`, `posted_at_in_future`, `amount_precision`, `total_too_large`.
   */
  reviseLine(
    line: PaymentLine,
    { currency, ...facts }: PostedFacts<Partial<LineFacts>>,
    actorId: string,
    now: Instant,
  ): void {
    this.requireCurrency(currency);
    if (facts.postedAt !== undefined && facts.postedAt !== line.view.posted_at) this.requirePast(facts.postedAt);
    const { counted } = line;
    const previous = line.revise(facts, actorId, now);
    if (previous) this.changeLine(PaymentLineRevised, line, previous, line.counted.minus(counted), actorId, now);
  }

  /** Deletes a line softly, also of a cancelled payment; the journal contains its last state. */
  deleteLine(line: PaymentLine, actorId: string, now: Instant): void {
    const { view, counted } = line;
    line.delete(actorId, now);
    this.changeLine(PaymentLineDeleted, line, view, line.counted.minus(counted), actorId, now);
  }

  /** The lines of a kind that a save must store with the payment. */
  changedLinesOf(kind: LineKind): readonly PaymentLine[] {
    return [...this.changedLines].filter((line) => line.kind === kind);
  }

  override uncommit(): void {
    super.uncommit();
    this.changedLines.clear();
  }

  /** @param difference what the change adds to the total of the line's kind. */
  private changeLine(
    event: typeof PaymentLineAdded,
    line: PaymentLine,
    previousLine: Partial<PaymentLineView> | null,
    difference: Money,
    actorId: string,
    now: Instant,
  ): void {
    const { balance } = this;
    const total = TOTALS[line.kind];
    const sum = Money.of(this[total], this.currency).plus(difference);
    if (sum.compare(Money.of(LARGEST_TOTAL, this.currency)) > 0) throw totalTooLarge();
    this[total] = sum.amount;
    const previous = this.diff(balance, this.balance) ?? {};
    this.touch(now);
    this.updatedById = actorId;
    this.changedLines.add(line);
    this.apply(new event(line.view, previousLine, line.kind, this.view, this.deal, actorId, previous, now));
  }

  /** @throws DomainError `currency_mismatch`. */
  private requireCurrency(currency: string | undefined): void {
    if (currency === undefined || currency.trim().toUpperCase() === this.currency) return;
    throw currencyMismatch(this.currency);
  }

  /** @throws DomainError `posted_at_in_future`. */
  private requirePast(postedAt: CalendarDate): void {
    if (postedAt > this.today) throw postedInFuture();
  }

  private change(actorId: string, now: Instant, event: typeof PaymentRevised, act: () => void): void {
    const before = this.view;
    act();
    const previous = this.diff(before, this.view);
    if (!previous) return;
    this.touch(now);
    this.updatedById = actorId;
    this.apply(new event(this.view, this.deal, actorId, previous, now));
  }

  /** The facts with the amount as it is stored. */
  private exact(facts: Partial<PaymentFacts>): Partial<PaymentFacts> {
    const { plannedAmount } = facts;
    return plannedAmount === undefined ? facts : { ...facts, plannedAmount: Money.normalised(plannedAmount) };
  }

  private set(facts: Partial<PaymentFacts>): void {
    for (const [field, value] of Object.entries(facts)) {
      if (value !== undefined) Object.assign(this, { [field]: value });
    }
    if (facts.currency !== undefined) {
      this.plannedAmount = Money.given(this.plannedAmount, this.currency, 'planned_amount').amount;
    } else if (facts.plannedAmount !== undefined) {
      this.plannedAmount = Money.corrected(this.plannedAmount, this.currency, 'planned_amount').amount;
    }
    if (this.actualDate === null) return;
    if (facts.actualDate !== undefined && this.actualDate > this.today) throw actualDateInFuture();
    if (this.actualDate < this.plannedDate) throw actualDateBeforePlanned();
  }
}
