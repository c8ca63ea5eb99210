import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { Caller } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
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

/** The head of the stream knows how many entries there must be, so that entries cut off at the end show too. */
const VERIFY = statement(
  `WITH chain AS (
     SELECT j.seq, row_number() OVER w AS place,
       j.seq <> row_number() OVER w
       OR j.prev_hash <> coalesce(lag(j.hash) OVER w, decode(repeat('00', 32), 'hex'))
       OR j.hash <> crm.journal_hash(j.prev_hash, j.deal_id, j.seq, j.id, j.kind, j.author_id, j.body, j.data, j.created_at)
         AS is_broken
     FROM crm.journals j WHERE j.deal_id = $1::uuid
     WINDOW w AS (ORDER BY j.seq)
   ), last AS (
     SELECT count(*)::int AS entries, min(place) FILTER (WHERE is_broken)::int AS broken_at FROM chain
   )
   SELECT last.entries, coalesce(last.broken_at,
     CASE WHEN s.journal_seq IS DISTINCT FROM last.entries THEN least(last.entries, coalesce(s.journal_seq, 0)) + 1
          WHEN s.journal_hash IS DISTINCT FROM (
            SELECT j.hash FROM crm.journals j WHERE j.deal_id = $1::uuid ORDER BY j.seq DESC LIMIT 1) THEN last.entries
     END) AS broken_at
   FROM last LEFT JOIN crm.event_streams s ON s.stream = 'deals/' || $1::uuid`,
);

@QueryHandler(VerifyJournalQuery)
export class VerifyJournalHandler implements IQueryHandler<VerifyJournalQuery> {
  constructor(private readonly database: Database) {}

  async execute({ caller, dealId }: VerifyJournalQuery): Promise<JournalVerdict> {
    await requireJournaledDeal(this.database, dealId, caller, 'read');
    const row = await this.database.first<Omit<JournalVerdict, 'valid'>>(VERIFY, [dealId]);
    const { entries = 0, broken_at = null } = row ?? {};
    return { valid: broken_at === null, entries, broken_at };
  }
}
