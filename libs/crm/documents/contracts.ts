import { Command } from '@nestjs/cqrs';
import type { Caller, Instant } from '#platform/kernel';

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

/**
 * Gives a client's documents to the client that takes its place; those that one has already are just unlinked. A part of
 * merging clients, whose command has checked access and locked both.
 * Resolves to how many the other client gains.
 */
export class MoveClientDocumentsCommand extends Command<number> {
  constructor(
    readonly caller: Caller,
    readonly clientId: string,
    readonly intoClientId: string,
    /** Users that either client is visible to, in the format of the log's audience. */
    readonly audience: readonly (string | null)[],
    /** Only counts. */
    readonly isDryRun: boolean,
  ) {
    super();
  }
}
