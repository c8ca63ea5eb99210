import { addDays, type CalendarDate, type Instant, Money } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import { type CloseReason, insurerKey, type PolicyStatus, type PolicyView, type QuotedCover } from './contracts.js';
import { numberKey } from './policy-number.js';
import { POLICY_TRANSITIONS } from './policy-state.js';
import {
  currencyRequired,
  policyAlreadyLinked,
  policyAlreadyRenewed,
  policyClosed,
  policyDatesReversed,
  policyIncomplete,
  policyNotDraft,
  policyNotRenewable,
  policyNumberEmpty,
  policyTransitionForbidden,
} from './policy.errors.js';
import { PolicyActivated, PolicyClosed, PolicyDeleted, PolicyDrafted, PolicyRevised } from './policy.events.js';

/** What can be said of a policy; money is decimal text. */
export interface PolicyFacts {
  readonly insuranceCompany: string | null;
  readonly policyNumber: string | null;
  readonly premium: string | null;
  /** Absent: the only currency of the deal, for a premium that has none yet. */
  readonly currency?: string | null;
  readonly effectiveFrom: CalendarDate | null;
  readonly effectiveTo: CalendarDate | null;
}

/** Whose policy it is, and how it came about. */
export interface PolicyOrigin {
  readonly id: string;
  readonly clientId: string;
  readonly dealId: string | null;
  readonly quoteId: string | null;
  readonly ownerId: string | null;
  readonly renewsPolicyId: string | null;
}

/** Days before its end from which a policy wants a successor. */
export const RENEWAL_DAYS = 30;

/** Of the calendar. */
const LAST_YEAR = 9999;

/** What an active policy can't be without, by the name of its field in the API. */
const NEEDED_WHEN_ACTIVE = ['policy_number', 'insurance_company', 'effective_from', 'effective_to'] as const;

/** Cover that was issued, or is being drafted. */
@Entity({ schema: 'crm', name: 'policies' })
export class Policy extends Aggregate {
  @Column('uuid', { name: 'client_id' })
  private clientId!: string;

  /** Null: a policy that no deal of ours led to. */
  @Column('uuid', { name: 'deal_id', nullable: true })
  private dealId: string | null = null;

  /** The confirmed quote that it was issued for. */
  @Column('uuid', { name: 'quote_id', nullable: true })
  private quoteId: string | null = null;

  @Column('varchar', { name: 'insurance_company', length: 255, nullable: true })
  private insuranceCompany: string | null = null;

  /** Normalised; with `numberKey` what makes a policy unique. */
  @Column('text', { name: 'insurer_key', nullable: true })
  protected insurerKey: string | null = null;

  @Column('varchar', { name: 'policy_number', length: 64, nullable: true })
  private policyNumber: string | null = null;

  @Column('text', { name: 'number_key', nullable: true })
  protected numberKey: string | null = null;

  @Column('numeric', { precision: 14, scale: 2, nullable: true })
  private premium: string | null = null;

  @Column('char', { length: 3, nullable: true })
  private currency: string | null = null;

  @Column('date', { name: 'effective_from', nullable: true })
  private effectiveFrom: CalendarDate | null = null;

  /** The last day of cover. */
  @Column('date', { name: 'effective_to', nullable: true })
  private effectiveTo: CalendarDate | null = null;

  @Column('uuid', { name: 'owner_id', nullable: true })
  private ownerId: string | null = null;

  @Column('varchar', { length: 16 })
  private status!: PolicyStatus;

  @Column('varchar', { name: 'close_reason', length: 16, nullable: true })
  private closeReason: CloseReason | null = null;

  @Column('uuid', { name: 'renews_policy_id', nullable: true })
  private renewsPolicyId: string | null = null;

  /** Whether a live policy renews it; not a column, the repository knows. */
  hasSuccessor = false;

  /** The business day on which it is looked at; not a column. */
  today!: CalendarDate;

  static draft(origin: PolicyOrigin, facts: PolicyFacts, today: CalendarDate, actorId: string, now: Instant): Policy {
    const policy = new Policy();
    policy.begin(origin.id, now);
    const { clientId, dealId, quoteId, ownerId, renewsPolicyId } = origin;
    Object.assign(policy, { clientId, dealId, quoteId, ownerId, renewsPolicyId, status: 'draft', today });
    policy.set(facts);
    policy.apply(new PolicyDrafted(policy.view, actorId, {}));
    return policy;
  }

  /** Insurer's and number's key with a line break between; null when no number is taken by it. */
  get key(): string | null {
    const { insurerKey: insurer, numberKey: number, closeReason } = this;
    return insurer !== null && number !== null && closeReason !== 'void' ? `${insurer}\n${number}` : null;
  }

  get view(): PolicyView {
    return {
      id: this.id,
      client_id: this.clientId,
      deal_id: this.dealId,
      quote_id: this.quoteId,
      insurance_company: this.insuranceCompany,
      policy_number: this.policyNumber,
      premium: this.premium,
      currency: this.currency,
      effective_from: this.effectiveFrom,
      effective_to: this.effectiveTo,
      owner_id: this.ownerId,
      status: this.status,
      close_reason: this.closeReason,
      renewal_due: this.isRenewalDue,
      renews_policy_id: this.renewsPolicyId,
      version: this.version,
      is_deleted: this.isDeleted,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
    };
  }

  /**
   * Changes what is given; nothing happens when everything stays as it was.
   * @throws DomainError `policy_closed`, `policy_incomplete`, `policy_dates_reversed`, `currency_required`,
   *   `amount_precision`, `currency_not_supported`.
   */
  revise(facts: Partial<PolicyFacts>, actorId: string, now: Instant): void {
    const changes = this.differing(this.exact(facts));
    if (!changes) return;
    this.requireNotClosed();
    this.change(actorId, now, PolicyRevised, () => {
      this.set(changes);
      if (this.status === 'active') this.requireComplete();
    });
  }

  /** @throws DomainError `policy_transition_forbidden`, `policy_incomplete`. */
  activate(actorId: string, now: Instant): void {
    this.requireTransition('active');
    this.requireComplete();
    this.change(actorId, now, PolicyActivated, () => (this.status = 'active'));
  }

  /** @throws DomainError `policy_transition_forbidden`. */
  close(reason: CloseReason, actorId: string, now: Instant): void {
    this.requireTransition('closed');
    this.end(reason, actorId, now);
  }

  /** Closes a policy in force whose cover was over before today; nothing happens to any other. */
  expire(now: Instant): void {
    if (this.status !== 'active' || this.effectiveTo === null || this.effectiveTo >= this.today) return;
    this.end('expired', null, now);
  }

  /**
   * Drafts the policy that follows this one: the same cover from the day after its end, for a year.
   * @throws DomainError `policy_not_renewable`, `policy_already_renewed`.
   */
  renew(id: string, facts: Partial<PolicyFacts>, actorId: string, now: Instant): Policy {
    if (this.status === 'draft' || this.closeReason === 'void' || !this.effectiveTo) throw policyNotRenewable();
    if (this.hasSuccessor) throw policyAlreadyRenewed();
    const effectiveFrom = facts.effectiveFrom ?? addDays(this.effectiveTo, 1);
    const effectiveTo = facts.effectiveTo ?? yearFrom(effectiveFrom);
    const { clientId, dealId, ownerId } = this;
    const next = {
      insuranceCompany: facts.insuranceCompany ?? this.insuranceCompany,
      premium: facts.premium ?? this.premium,
      currency: facts.currency ?? this.currency,
      policyNumber: facts.policyNumber ?? null,
      effectiveFrom,
      effectiveTo,
    };
    const origin = { id, clientId, dealId, ownerId, quoteId: null, renewsPolicyId: this.id };
    return Policy.draft(origin, next, this.today, actorId, now);
  }

  /**
   * Links the policy to a quote and fills what it lacks from it; nothing happens when it is linked and lacks nothing.
   * @throws DomainError `policy_closed`, `policy_already_linked`.
   */
  linkTo(cover: QuotedCover, actorId: string, now: Instant): void {
    const premium = this.premium === null ? { premium: cover.premium, currency: cover.currency } : {};
    const changes = this.differing({
      ...premium,
      quoteId: cover.quoteId,
      insuranceCompany: this.insuranceCompany ?? cover.insuranceCompany,
      effectiveFrom: this.effectiveFrom ?? cover.effectiveFrom,
      effectiveTo: this.effectiveTo ?? cover.effectiveTo,
    });
    if (!changes) return;
    this.requireNotClosed();
    if (this.quoteId !== null && this.quoteId !== cover.quoteId) throw policyAlreadyLinked();
    this.change(actorId, now, PolicyRevised, () => this.set(changes));
  }

  /** Takes the link to its quote away; nothing happens when there is none. */
  release(actorId: string, now: Instant): void {
    this.change(actorId, now, PolicyRevised, () => (this.quoteId = null));
  }

  /** Gives the policy, also a closed one, to the client that takes the place of its own. */
  giveTo(clientId: string, actorId: string, now: Instant): void {
    this.change(actorId, now, PolicyRevised, () => (this.clientId = clientId));
  }

  /** @throws DomainError `policy_not_draft`. */
  delete(actorId: string, now: Instant): void {
    if (this.status !== 'draft') throw policyNotDraft();
    this.markDeleted(actorId, now);
    this.apply(new PolicyDeleted(this.view, actorId, { is_deleted: false }, now));
  }

  private get isRenewalDue(): boolean {
    const { status, effectiveTo, hasSuccessor, today } = this;
    return status === 'active' && !hasSuccessor && effectiveTo !== null && effectiveTo <= addDays(today, RENEWAL_DAYS);
  }

  private end(reason: CloseReason, actorId: string | null, now: Instant): void {
    this.change(actorId, now, PolicyClosed, () => {
      this.status = 'closed';
      this.closeReason = reason;
    });
  }

  private change(actorId: string | null, now: Instant, event: typeof PolicyRevised, act: () => void): void {
    const before = this.view;
    act();
    const previous = this.diff(before, this.view);
    if (!previous) return;
    this.touch(now);
    this.apply(new event(this.view, actorId, previous));
  }

  /** The facts with the premium as it is stored. */
  private exact(facts: Partial<PolicyFacts>): Partial<PolicyFacts> {
    return facts.premium ? { ...facts, premium: Money.normalised(facts.premium) } : facts;
  }

  private set(facts: Partial<PolicyFacts & { readonly quoteId: string }>): void {
    const hadPremium = this.premium !== null;
    for (const [field, value] of Object.entries(facts)) {
      if (value !== undefined) Object.assign(this, { [field]: value });
    }
    if (this.premium !== null) {
      if (this.currency === null) throw currencyRequired();
      if (facts.currency !== undefined || !hadPremium) {
        this.premium = Money.given(this.premium, this.currency, 'premium').amount;
      } else if (facts.premium !== undefined) {
        this.premium = Money.corrected(this.premium, this.currency, 'premium').amount;
      }
    }
    this.insurerKey = this.insuranceCompany && insurerKey(this.insuranceCompany);
    this.numberKey = this.policyNumber && numberKey(this.policyNumber);
    if (this.numberKey === '') throw policyNumberEmpty();
    if (this.effectiveFrom && this.effectiveTo && this.effectiveTo < this.effectiveFrom) throw policyDatesReversed();
  }

  private requireNotClosed(): void {
    if (this.status === 'closed') throw policyClosed();
  }

  private requireTransition(to: PolicyStatus): void {
    if (!POLICY_TRANSITIONS[this.status].includes(to)) throw policyTransitionForbidden(this.status, to);
  }

  private requireComplete(): void {
    const missing = NEEDED_WHEN_ACTIVE.filter((field) => this.view[field] === null);
    if (missing.length > 0) throw policyIncomplete(missing);
  }
}

/**
 * The last day of a year of cover.
 * @throws DomainError `policy_not_renewable` past the year 9999, with which the calendar ends.
 */
function yearFrom(from: CalendarDate): CalendarDate {
  const [year, month, day] = from.split('-');
  if (Number(year) >= LAST_YEAR) throw policyNotRenewable();
  const nextYear = `${String(Number(year) + 1).padStart(4, '0')}-${month}-${day}`;
  return addDays(nextYear, -1);
}
