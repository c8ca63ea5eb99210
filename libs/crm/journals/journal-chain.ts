/** What the recomputed hash chain of a deal's journal says. */
export interface ChainRow {
  readonly deal_id: string;
  readonly entries: number;
  /** Number of the first entry that was changed, removed or put in; null when there is none. */
  readonly broken_at: number | null;
}

/**
 * SQL that recomputes the hash chains of some deals' journals, a {@link ChainRow} each. The head of the stream knows
 * how many entries there must be, so that entries cut off at the end show too.
 * @param heads a SELECT of `deal_id`, `journal_seq` and `journal_hash` of the streams; the latter two null for a deal
 *   without a stream.
 */
export function chainsOf(heads: string): string {
  return `WITH heads AS (${heads}), chain AS (
     SELECT j.deal_id, j.seq, j.hash, row_number() OVER w AS place,
       j.seq <> row_number() OVER w
       OR j.prev_hash <> coalesce(lag(j.hash) OVER w, decode(repeat('00', 32), 'hex'))
       OR j.hash <> crm.journal_hash(j.prev_hash, j.deal_id, j.seq, j.id, j.kind, j.author_id, j.body, j.data, j.created_at)
         AS is_broken
     FROM crm.journals j WHERE j.deal_id IN (SELECT deal_id FROM heads)
     WINDOW w AS (PARTITION BY j.deal_id ORDER BY j.seq)
   ), last AS (
     SELECT deal_id, count(*)::int AS entries, min(place) FILTER (WHERE is_broken)::int AS broken_at,
       (array_agg(hash ORDER BY seq DESC))[1] AS hash
     FROM chain GROUP BY deal_id
   ), whole AS (
     SELECT h.*, coalesce(l.entries, 0) AS entries, l.broken_at, l.hash FROM heads h LEFT JOIN last l USING (deal_id)
   )
   SELECT deal_id, entries, coalesce(broken_at,
     CASE WHEN journal_seq IS DISTINCT FROM entries THEN least(entries, coalesce(journal_seq, 0)) + 1
          WHEN entries > 0 AND journal_hash IS DISTINCT FROM hash THEN entries
     END) AS broken_at
   FROM whole ORDER BY deal_id`;
}

/** The heads of one deal's stream, for {@link chainsOf}: `$1` is the deal. */
export const HEAD_OF_DEAL = `SELECT $1::uuid AS deal_id, s.journal_seq, s.journal_hash
  FROM (SELECT) one LEFT JOIN crm.event_streams s ON s.stream = 'deals/' || $1::uuid`;
