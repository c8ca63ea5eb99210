import { Command, Query } from '@nestjs/cqrs';
import type { CalendarDate, Caller, Instant } from '#platform/kernel';

/** Where a deal stands in the funnel, in the order of the funnel. */
export const STAGES = ['qualification', 'negotiation', 'proposal', 'closedWon', 'closedLost'] as const;
export type Stage = (typeof STAGES)[number];

/** The code stored for a stage. */
export const STATUSES = ['qualification', 'in_progress', 'proposal', 'won', 'lost'] as const;
export type DealStatus = (typeof STATUSES)[number];

/** A deal as the REST API and the events show it. */
export interface DealView {
  readonly id: string;
  readonly client_id: string;
  readonly title: string;
  readonly description: string | null;
  readonly status: DealStatus;
  readonly stage: Stage;
  readonly owner_id: string | null;
  readonly executor_id: string | null;
  readonly next_review_at: CalendarDate;
  readonly closed_at: Instant | null;
  readonly lost_reason: string | null;
  readonly version: number;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly is_deleted: boolean;
}

/** Who takes part in a client's deals that are not deleted. */
export interface DealParticipants {
  /** UUIDs, each once. */
  readonly ownerIds: readonly string[];
  readonly executorIds: readonly string[];
  readonly dealCount: number;
}

/** Reads the {@link DealParticipants} of a client; in a unit of work it sees that transaction. */
export class DealParticipantsQuery extends Query<DealParticipants> {
  constructor(readonly clientId: string) {
    super();
  }
}

/** What a part of a deal must know of its deal. */
export interface DealFacts {
  readonly id: string;
  readonly clientId: string;
  readonly ownerId: string | null;
  readonly executorId: string | null;
  /** A closed deal takes notes, documents, and the servicing of its policies and payments. */
  readonly isClosed: boolean;
}

/**
 * Reads the {@link DealFacts} of a deal visible to the caller.
 * Refused with `deal_not_found` when there is none or it is out of scope.
 */
export class DealInScopeQuery extends Query<DealFacts> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    /**
     * Whether the deal must stay as it is until the unit of work ends: its stage, owner and executor can't change
     * meanwhile. Locks the deal before its stream, as every change of a deal does.
     */
    readonly isLocked = false,
    /** `rpc`: as another service reads it, regardless of its user. */
    readonly action: 'read' | 'rpc' = 'read',
  ) {
    super();
  }
}

/** Reads the {@link DealFacts} of any deal, deleted or not, without an access check; for events of its parts. */
export class DealFactsQuery extends Query<DealFacts> {
  constructor(
    readonly dealId: string,
    /** As in {@link DealInScopeQuery}. */
    readonly isLocked = false,
  ) {
    super();
  }
}

/** A deal, and the users whose scope it is in. */
export interface DealParties {
  readonly id: string;
  readonly ownerId: string | null;
  readonly executorId: string | null;
}

/** Returns a client's deals that are not deleted, by id, in any scope: the command checks the caller's access. */
export class DealsOfClientQuery extends Query<readonly DealParties[]> {
  constructor(
    readonly clientId: string,
    /** Whether to lock them against changes until the unit of work ends. */
    readonly isLocked = false,
  ) {
    super();
  }
}

/**
 * Gives deals, closed ones too, to another client: a part of merging clients, whose command has checked what the caller
 * may do and has locked the deals.
 */
export class MoveDealsCommand extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly dealIds: readonly string[],
    readonly intoClientId: string,
    /** Facts of the merged client, for the journals only; no event contains them. */
    readonly mergedClient: object,
  ) {
    super();
  }
}
