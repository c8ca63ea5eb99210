import { Command, Query } from '@nestjs/cqrs';
import type { CalendarDate, Caller, Instant } from '#platform/kernel';

export const POLICY_STATUSES = ['draft', 'active', 'closed'] as const;
export type PolicyStatus = (typeof POLICY_STATUSES)[number];

export const CLOSE_REASONS = ['expired', 'cancelled', 'replaced', 'void'] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** A policy as the REST API and the events show it; money is decimal text with two digits. */
export interface PolicyView {
  readonly id: string;
  readonly client_id: string;
  readonly deal_id: string | null;
  readonly quote_id: string | null;
  readonly insurance_company: string | null;
  readonly policy_number: string | null;
  readonly premium: string | null;
  readonly currency: string | null;
  readonly effective_from: CalendarDate | null;
  readonly effective_to: CalendarDate | null;
  readonly owner_id: string | null;
  readonly status: PolicyStatus;
  readonly close_reason: CloseReason | null;
  /** Active, ends within 30 days, and nothing renews it yet. */
  readonly renewal_due: boolean;
  readonly renews_policy_id: string | null;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** What a policy takes over from the quote it is issued for. */
export interface QuotedCover {
  readonly quoteId: string;
  readonly insuranceCompany: string;
  /** Decimal text with two digits. */
  readonly premium: string;
  readonly currency: string;
  readonly effectiveFrom: CalendarDate;
  readonly effectiveTo: CalendarDate;
}

/**
 * Links a policy of a deal to a confirmed quote: what the policy lacks is filled from the quote, and an earlier link of
 * this quote is released. Refused with `policy_not_found`, `policy_already_linked`, `policy_closed`.
 */
export class LinkPolicyToQuoteCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly policyId: string,
    readonly cover: QuotedCover,
  ) {
    super();
  }
}

/** Releases whatever policy is linked to a quote; nothing when none is. */
export class ReleaseQuoteCommand extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly quoteId: string,
  ) {
    super();
  }
}

/** Drafts a policy from a confirmed quote, linked to it. Refused with `quote_already_linked` when one is. */
export class DraftPolicyFromQuoteCommand extends Command<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly cover: QuotedCover,
  ) {
    super();
  }
}

/** Reads a policy visible to the caller; refused with `policy_not_found`. */
export class PolicyInScopeQuery extends Query<PolicyView> {
  constructor(
    readonly caller: Caller,
    readonly policyId: string,
    /** Whether the policy must stay as it is until the unit of work ends. */
    readonly isLocked = false,
  ) {
    super();
  }
}

/** A policy, and the users whose scope it is in: its deal's, or without a deal its own owner. */
export interface PolicyParties {
  readonly id: string;
  readonly ownerId: string | null;
  readonly executorId: string | null;
}

/** Returns a client's policies that are not deleted, by id, in any scope: the command checks the caller's access. */
export class PoliciesOfClientQuery extends Query<readonly PolicyParties[]> {
  constructor(
    readonly clientId: string,
    /** Whether to lock them against changes until the unit of work ends. */
    readonly isLocked = false,
  ) {
    super();
  }
}

/**
 * Gives policies, closed ones too, to another client: a part of merging clients, whose command has checked what the
 * caller may do, has locked the policies and has moved their deals.
 */
export class MovePoliciesCommand extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly policyIds: readonly string[],
    readonly intoClientId: string,
  ) {
    super();
  }
}

/** An insurer's name as it is compared: without case, outer and repeated space. */
export function insurerKey(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** What policies show to the SQL of payments: a view of `policy_id` and `insurer_key`, see {@link insurerKey}. */
export const POLICY_INSURERS = 'crm.policy_insurers';
