import { statement } from '#platform/persistence';
import type { JournalEntryView } from '../contracts.js';

/** The columns of an entry as the API shows them. */
export const JOURNAL_COLUMNS = `j.id, j.deal_id, j.seq, j.kind, j.author_id, j.body, j.data,
  encode(j.hash, 'hex') AS hash, encode(j.prev_hash, 'hex') AS prev_hash, j.created_at`;

/** A row as {@link JOURNAL_COLUMNS} selects it. */
export type JournalRow = JournalEntryView;

/** Parameters: deal, seq, and the moment of writing, which leads to one partition. */
export const ENTRY_BY_SEQ = statement(
  `SELECT ${JOURNAL_COLUMNS} FROM crm.journals j
   WHERE j.deal_id = $1::uuid AND j.seq = $2::int AND j.created_at = $3::timestamptz`,
);
