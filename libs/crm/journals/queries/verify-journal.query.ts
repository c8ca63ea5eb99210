import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import { type ChainRow, chainsOf, HEAD_OF_DEAL } from '../journal-chain.js';
import { requireJournaledDeal } from '../journaled-deal.js';

/** What the recomputed hash chain of a journal says. */
export interface JournalVerdict {
  readonly valid: boolean;
  readonly entries: number;
  /** Number of the first entry that was changed, removed or put in; null when there is none. */
  readonly broken_at: number | null;
}

/** Recomputes the hash chain of a deal's journal. */
export class VerifyJournalQuery extends Query<JournalVerdict> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
  ) {
    super();
  }
}

const VERIFY = statement(chainsOf(HEAD_OF_DEAL));

@QueryHandler(VerifyJournalQuery)
export class VerifyJournalHandler implements IQueryHandler<VerifyJournalQuery> {
  constructor(private readonly database: Database) {}

  async execute({ caller, dealId }: VerifyJournalQuery): Promise<JournalVerdict> {
    await requireJournaledDeal(this.database, dealId, caller, 'read');
    const row = await this.database.first<ChainRow>(VERIFY, [dealId]);
    const { entries = 0, broken_at = null } = row ?? {};
    return { valid: broken_at === null, entries, broken_at };
  }
}
