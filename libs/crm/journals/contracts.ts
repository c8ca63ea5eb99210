import type { Instant } from '#platform/kernel';

export const JOURNAL_KINDS = ['note', 'system'] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** One entry of a deal's journal, as the REST API shows it. */
export interface JournalEntryView {
  readonly id: string;
  readonly deal_id: string;
  /** 1, 2, 3 … within the deal. */
  readonly seq: number;
  readonly kind: JournalKind;
  /** Null for an automatic entry. */
  readonly author_id: string | null;
  readonly body: string;
  /** For `system`: the changed fields `before` and `after`. */
  readonly data: Readonly<Record<string, unknown>>;
  /** SHA-256 in hex over the entry before and this one. */
  readonly hash: string;
  readonly prev_hash: string;
  readonly created_at: Instant;
}
