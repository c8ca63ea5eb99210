import { type CalendarDate, type Instant, Money } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import type { QuoteStatus, QuoteView, ValidityPeriod } from './contracts.js';
import { QUOTE_TRANSITIONS } from './quote-state.js';
import {
  dealClosed,
  filesTooLong,
  notReady,
  quoteTransitionForbidden,
  quoteUpdateForbidden,
  validityReversed,
} from './quote.errors.js';
import { QuoteAdded, QuoteDeleted, QuoteRevised, QuoteStatusChanged } from './quote.events.js';
import { fromRange, isPast, toRange } from './validity-period.js';

/** What can be said of a quote; money is decimal text. */
export interface QuoteFacts {
  readonly insuranceCompany: string;
  readonly programName: string | null;
  readonly premiumAmount: string | null;
  readonly coverageSum: string | null;
  readonly currency: string;
  readonly calculationDate: CalendarDate;
  readonly validityPeriod: ValidityPeriod | null;
  readonly files: readonly string[];
  readonly comments: string | null;
}

/** Where a new quote belongs, and who prepared it. */
export interface QuoteOrigin {
  readonly id: string;
  readonly dealId: string;
  readonly ownerId: string | null;
}

/** Of all references to files together: twice that, before and after, must fit into an event. */
const MAX_BYTES_OF_FILES = 12 * 1024;

/** One insurer's offer inside a deal. */
@Entity({ schema: 'crm', name: 'quotes' })
export class Quote extends Aggregate {
  @Column('uuid', { name: 'deal_id' })
  private dealId!: string;

  /** Who prepared it. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  private ownerId: string | null = null;

  @Column('varchar', { name: 'insurance_company', length: 255 })
  private insuranceCompany!: string;

  @Column('varchar', { name: 'program_name', length: 255, nullable: true })
  private programName: string | null = null;

  @Column('numeric', { name: 'premium_amount', precision: 14, scale: 2, nullable: true })
  private premiumAmount: string | null = null;

  @Column('numeric', { name: 'coverage_sum', precision: 14, scale: 2, nullable: true })
  private coverageSum: string | null = null;

  @Column('char', { length: 3 })
  private currency!: string;

  /** The day on which the insurer calculated it. */
  @Column('date', { name: 'calculation_date' })
  private calculationDate!: CalendarDate;

  /** PostgreSQL's `daterange`. */
  @Column('daterange', { nullable: true })
  private validity: string | null = null;

  /** Ids or URLs, in the order given. */
  @Column('jsonb')
  private files: readonly string[] = [];

  @Column('varchar', { length: 2000, nullable: true })
  private comments: string | null = null;

  @Column('varchar', { length: 16 })
  private status!: QuoteStatus;

  /** The policy linked to it; not a column, the repository knows. */
  linkedPolicyId: string | null = null;

  /** Whether its deal takes no change of quotes any more; not a column, the repository knows. */
  isDealClosed = false;

  /** The business day on which it is looked at; not a column. */
  today!: CalendarDate;

  static add(origin: QuoteOrigin, facts: QuoteFacts, today: CalendarDate, actorId: string, now: Instant): Quote {
    const quote = new Quote();
    quote.begin(origin.id, now);
    const { dealId, ownerId } = origin;
    Object.assign(quote, { dealId, ownerId, status: 'draft', today });
    quote.set(facts);
    quote.apply(new QuoteAdded(quote.view, actorId, {}));
    return quote;
  }

  get view(): QuoteView {
    const validity_period = fromRange(this.validity);
    return {
      id: this.id,
      deal_id: this.dealId,
      owner_id: this.ownerId,
      insurance_company: this.insuranceCompany,
      program_name: this.programName,
      premium_amount: this.premiumAmount,
      coverage_sum: this.coverageSum,
      currency: this.currency,
      calculation_date: this.calculationDate,
      validity_period,
      files: this.files,
      comments: this.comments,
      status: this.status,
      expired: isPast(validity_period, this.today),
      linked_policy_id: this.linkedPolicyId,
      version: this.version,
      is_deleted: this.isDeleted,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
    };
  }

  /**
   * Changes what is given; nothing happens when everything stays as it was.
   * @throws DomainError `deal_closed`, `quote_update_forbidden`, `validity_period_reversed`, `files_too_long`, and what a ready quote must not lose.
   */
  revise(facts: Partial<QuoteFacts>, actorId: string, now: Instant): void {
    if (!this.differing(this.columnsOf(facts))) return;
    this.requireDealOpen();
    if (this.status === 'confirmed' || this.status === 'archived') throw quoteUpdateForbidden();
    this.change(actorId, now, QuoteRevised, () => {
      this.set(facts);
      if (this.status === 'ready') this.requireReady();
    });
  }

  /**
   * @param linkedPolicyId the policy linked to it from now on.
   * @throws DomainError `deal_closed`, `quote_transition_forbidden`, `…_required_for_ready`.
   */
  moveTo(status: QuoteStatus, linkedPolicyId: string | null, actorId: string, now: Instant): void {
    this.requireTransition(status);
    if (status === 'ready') this.requireReady();
    this.change(actorId, now, QuoteStatusChanged, () => {
      this.status = status;
      this.linkedPolicyId = linkedPolicyId;
    });
  }

  /** @throws DomainError `deal_closed`, `quote_transition_forbidden`; checked before anything else is touched. */
  requireTransition(status: QuoteStatus): void {
    this.requireDealOpen();
    if (!QUOTE_TRANSITIONS[this.status].includes(status)) throw quoteTransitionForbidden(this.status, status);
  }

  /** @throws DomainError `deal_closed`. */
  delete(actorId: string, now: Instant): void {
    this.requireDealOpen();
    this.markDeleted(actorId, now);
    this.linkedPolicyId = null;
    this.apply(new QuoteDeleted(this.view, actorId, { is_deleted: false }, now));
  }

  private change(actorId: string, now: Instant, event: typeof QuoteRevised, act: () => void): void {
    const before = this.view;
    act();
    const previous = this.diff(before, this.view);
    if (!previous) return;
    this.touch(now);
    this.apply(new event(this.view, actorId, previous));
  }

  private set(facts: Partial<QuoteFacts>): void {
    const { start, end } = facts.validityPeriod ?? {};
    if (start && end && end < start) throw validityReversed();
    const changes: Partial<Record<string, unknown>> = this.differing(this.columnsOf(facts)) ?? {};
    const { premiumAmount, coverageSum } = this;
    Object.assign(this, changes);
    const isOtherCurrency = 'currency' in changes;
    if (isOtherCurrency || 'premiumAmount' in changes) {
      this.requireAmount('premium_amount', this.premiumAmount, isOtherCurrency || !premiumAmount);
    }
    if (isOtherCurrency || 'coverageSum' in changes) {
      this.requireAmount('coverage_sum', this.coverageSum, isOtherCurrency || !coverageSum);
    }
    if (Buffer.byteLength(JSON.stringify(this.files)) > MAX_BYTES_OF_FILES) throw filesTooLong();
  }

  /** The values of the columns. */
  private columnsOf({ validityPeriod, ...facts }: Partial<QuoteFacts>): object {
    const exact = (amount: string | null | undefined): string | null | undefined => amount && Money.normalised(amount);
    const amounts = { premiumAmount: exact(facts.premiumAmount), coverageSum: exact(facts.coverageSum) };
    return { ...facts, ...amounts, ...(validityPeriod !== undefined && { validity: this.rangeOf(validityPeriod) }) };
  }

  /** A range with both ends open is none. PostgreSQL writes the loaded one in another way than {@link toRange}. */
  private rangeOf(period: ValidityPeriod | null): string | null {
    const range = period?.start || period?.end ? toRange(period) : null;
    return range === toRange(fromRange(this.validity)) ? this.validity : range;
  }

  /**
   * @param isNew false for the correction of an amount that was stored in this currency.
   * @throws DomainError `amount_precision`, `currency_not_supported`.
   */
  private requireAmount(field: string, amount: string | null, isNew: boolean): void {
    if (!amount) return;
    if (isNew) Money.given(amount, this.currency, field);
    else Money.corrected(amount, this.currency, field);
  }

  private requireDealOpen(): void {
    if (this.isDealClosed) throw dealClosed();
  }

  private requireReady(): void {
    const { files, program_name, premium_amount, validity_period } = this.view;
    if (files.length === 0) throw notReady('files_required_for_ready');
    if (program_name === null) throw notReady('program_required_for_ready');
    if (premium_amount === null) throw notReady('premium_required_for_ready');
    if (!validity_period?.start || !validity_period.end) throw notReady('validity_period_required_for_ready');
  }
}
