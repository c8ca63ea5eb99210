import type { Instant } from '#platform/kernel';

/** What a document can belong to. */
export const DOCUMENT_OWNERS = ['deal', 'policy', 'client'] as const;
export type DocumentOwner = (typeof DOCUMENT_OWNERS)[number];

/** A link to a document of the Documents service, as the REST API and the events show it. */
export interface DocumentLinkView {
  readonly id: string;
  readonly owner_type: DocumentOwner;
  readonly owner_id: string;
  /** Id in the Documents service. */
  readonly document_id: string;
  readonly title: string | null;
  readonly created_by_id: string;
  readonly created_at: Instant;
}
