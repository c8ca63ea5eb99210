import type { CalendarDate, Instant } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import type { DealView, Stage } from './contracts.js';
import { isClosed, STAGE_TABLE, stageOf } from './deal-stage.js';
import { dealClosed, reasonNotApplicable } from './deal.errors.js';
import { DealAssigned, DealDeleted, DealOpened, DealRevised, DealStageChanged } from './deal.events.js';

/** What a deal begins with. */
export interface NewDeal {
  readonly id: string;
  readonly clientId: string;
  readonly title: string;
  readonly description: string | null;
  readonly ownerId: string | null;
  readonly executorId: string | null;
  readonly nextReviewAt: CalendarDate;
  /** Where an imported deal stands already; any other begins at `qualification`. */
  readonly stage?: Stage;
  /** Why an imported deal was lost. */
  readonly lostReason?: string | null;
}

/** Fields to change; what is absent stays. */
export interface DealRevision {
  readonly title?: string;
  readonly description?: string | null;
  readonly nextReviewAt?: CalendarDate;
}

export interface DealAssignment {
  readonly ownerId?: string | null;
  readonly executorId?: string | null;
}

/** One sales opportunity for one client: the unit of access, ordering and history. */
@Entity({ schema: 'crm', name: 'deals' })
export class Deal extends Aggregate {
  @Column('uuid', { name: 'client_id' })
  private clientId!: string;

  @Column('varchar', { length: 255 })
  private title!: string;

  @Column('text', { nullable: true })
  private description: string | null = null;

  @Column('varchar', { length: 16 })
  private status!: string;

  /** The seller; null until a lead gives the deal to one. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  private ownerId: string | null = null;

  @Column('uuid', { name: 'executor_id', nullable: true })
  private executorId: string | null = null;

  /** The day on which someone must look at the deal again; may lie in the past. */
  @Column('date', { name: 'next_review_at' })
  private nextReviewAt!: CalendarDate;

  @Column('timestamptz', { name: 'closed_at', nullable: true })
  private closedAt: Instant | null = null;

  @Column('varchar', { name: 'lost_reason', length: 500, nullable: true })
  private lostReason: string | null = null;

  /** @throws DomainError `reason_not_applicable`. */
  static open(facts: NewDeal, actorId: string, now: Instant): Deal {
    const { stage = 'qualification', lostReason = null } = facts;
    if (lostReason !== null && stage !== 'closedLost') throw reasonNotApplicable();
    const deal = new Deal();
    deal.begin(facts.id, now);
    deal.clientId = facts.clientId;
    deal.title = facts.title;
    deal.description = facts.description;
    deal.status = STAGE_TABLE[stage].status;
    deal.lostReason = lostReason;
    deal.closedAt = STAGE_TABLE[stage].isClosed ? now : null;
    deal.ownerId = facts.ownerId;
    deal.executorId = facts.executorId;
    deal.nextReviewAt = facts.nextReviewAt;
    deal.apply(new DealOpened(deal.view, actorId));
    return deal;
  }

  /** Users it is visible to. */
  get parties(): { readonly ownerId: string | null; readonly executorId: string | null } {
    return { ownerId: this.ownerId, executorId: this.executorId };
  }

  /** Whether an assignment names another owner or executor. */
  isChangedBy(assignment: DealAssignment): boolean {
    return this.differing(assignment) !== undefined;
  }

  get view(): DealView {
    const stage = stageOf(this.status);
    return {
      id: this.id,
      client_id: this.clientId,
      title: this.title,
      description: this.description,
      status: STAGE_TABLE[stage].status,
      stage,
      owner_id: this.ownerId,
      executor_id: this.executorId,
      next_review_at: this.nextReviewAt,
      closed_at: this.closedAt,
      lost_reason: this.lostReason,
      version: this.version,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
      is_deleted: this.isDeleted,
    };
  }

  /**
   * Changes what is given; nothing happens when everything stays as it was.
   * @throws DomainError `deal_closed` for anything but the next review of a closed deal.
   */
  revise(revision: DealRevision, actorId: string, now: Instant): void {
    const changes = this.differing(revision);
    if (!changes) return;
    if ('title' in changes || 'description' in changes) this.requireOpen();
    const before = this.view;
    this.touch(now);
    Object.assign(this, changes);
    this.apply(new DealRevised(this.view, actorId, this.diff(before, this.view) ?? {}));
  }

  /**
   * Moves the deal through the funnel; nothing happens when it is there already, for the same reason or for none given.
   * @param reason why it was lost; only with `closedLost`.
   * @throws DomainError `deal_closed`, `reason_not_applicable`.
   */
  moveTo(stage: Stage, reason: string | null, actorId: string, now: Instant): void {
    const before = this.view;
    if (stage === before.stage && (reason === null || reason === before.lost_reason)) return;
    this.requireOpen();
    if (reason !== null && stage !== 'closedLost') throw reasonNotApplicable();
    this.touch(now);
    this.status = STAGE_TABLE[stage].status;
    this.lostReason = reason;
    this.closedAt = STAGE_TABLE[stage].isClosed ? now : null;
    this.apply(new DealStageChanged(this.view, actorId, this.diff(before, this.view) ?? {}, before.stage));
  }

  /**
   * Gives the deal to another owner or executor; null takes it away. Nothing happens when both stay.
   * @throws DomainError `deal_closed`.
   */
  assign(assignment: DealAssignment, actorId: string, now: Instant): void {
    const changes = this.differing(assignment);
    if (!changes) return;
    this.requireOpen();
    const before = this.parties;
    this.touch(now);
    Object.assign(this, changes);
    const previous = { owner_id: before.ownerId, executor_id: before.executorId };
    this.apply(new DealAssigned(this.view, actorId, previous));
  }

  /**
   * Gives the deal, also a closed one, to the client that its own is merged into.
   * @param mergedClient what is known of its own, for the journal alone.
   */
  giveTo(clientId: string, actorId: string, now: Instant, mergedClient?: object): void {
    const before = this.view;
    if (clientId === this.clientId) return;
    this.touch(now);
    this.clientId = clientId;
    const entryData = mergedClient && { merged_client: mergedClient };
    this.apply(new DealRevised(this.view, actorId, this.diff(before, this.view) ?? {}, entryData));
  }

  /** @throws DomainError `deal_closed`. */
  delete(actorId: string, now: Instant): void {
    this.requireOpen();
    this.markDeleted(actorId, now);
    this.apply(new DealDeleted(this.view, actorId, now));
  }

  private requireOpen(): void {
    if (isClosed(this.status)) throw dealClosed();
  }
}
