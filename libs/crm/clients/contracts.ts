import type { Instant } from '#platform/kernel';

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
  /** ИНН: 10 digits of a company, 12 of a person. */
  readonly tax_id: string | null;
  readonly status: ClientStatus;
  readonly owner_id: string | null;
  readonly merged_into_id: string | null;
  readonly version: number;
  readonly is_deleted: boolean;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}
