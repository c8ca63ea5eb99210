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

/** Asks for a client that the caller may see; refused with `client_not_found`. */
export class ClientInScopeQuery extends Query<ClientView> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    /** Whether the client must stay, not deleted, until the unit of work ends. */
    readonly isHeld = false,
    /** `create`: one for whom the caller may also open something new, not only look at it. */
    readonly purpose: 'read' | 'create' = 'read',
  ) {
    super();
  }
}
