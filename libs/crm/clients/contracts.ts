import { Query } from '@nestjs/cqrs';
import type { Caller, Instant } from '#platform/kernel';

export const CLIENT_KINDS = ['person', 'company'] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

export const CLIENT_STATUSES = ['active', 'inactive', 'prospect'] as const;
export type ClientStatus = (typeof CLIENT_STATUSES)[number];

/** A client as the REST API shows it; events leave out who it is and how to reach it. */
export interface ClientView {
  readonly id: string;
  readonly name: string;
  readonly kind: ClientKind;
  readonly email: string | null;
  readonly phone: string | null;
  /** ИНН: 10 digits of a company, 12 of a person; or the tax id of another country. */
  readonly tax_id: string | null;
  readonly status: ClientStatus;
  readonly owner_id: string | null;
  readonly merged_into_id: string | null;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** How much a merge moves, or would move, to the client that stays. */
export interface MovedByMerge {
  readonly deals: number;
  readonly policies: number;
  readonly documents: number;
}

/**
 * Returns a client visible to the caller, for a merged one its survivor; refused with `client_not_found`.
 */
export class ClientInScopeQuery extends Query<ClientView> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    /** Whether to lock the client against deletion and merging until the unit of work ends. */
    readonly isLocked = false,
    /** `create`: one for whom the caller may also open something new, not only look at it. */
    readonly purpose: 'read' | 'create' = 'read',
  ) {
    super();
  }
}

/** Returns the id of the client that a merged one was merged into; of any other id the id itself. */
export class SurvivingClientQuery extends Query<string> {
  constructor(readonly clientId: string) {
    super();
  }
}

/** Facts of a merged client for the journals of its deals; no event contains them. */
export type MergedClientFacts = Pick<ClientView, 'id' | 'name' | 'kind' | 'email' | 'phone' | 'tax_id'>;

/**
 * SQL for the client that an id stands for: of a merged client its survivor.
 * @param client a placeholder, e.g. `$3`.
 */
export function survivorOf(client: string): string {
  return `coalesce((SELECT m.merged_into_id FROM crm.clients m WHERE m.id = ${client}::uuid), ${client}::uuid)`;
}
