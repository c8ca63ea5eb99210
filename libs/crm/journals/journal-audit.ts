import { type ChainRow, chainsOf, HEAD_OF_DEAL } from './journal-chain.js';

/** Runs a statement with its parameters. */
type Ask = <R extends object>(sql: string, values: readonly unknown[]) => Promise<readonly R[]>;

/** What an audit found. */
export interface JournalFinding {
  /** Journals looked through. */
  readonly deals: number;
  readonly entries: number;
  /** The first entry that was changed, removed or put in; null when there is none. */
  readonly broken: { readonly dealId: string; readonly at: number } | null;
}

const BATCH = 200;
const ANY_DEAL = '00000000-0000-0000-0000-000000000000';

const COUNT = `SELECT count(*)::int AS known FROM crm.event_streams WHERE stream LIKE 'deals/%'`;
const HEADS = `SELECT substr(stream, 7)::uuid AS deal_id, journal_seq, journal_hash FROM crm.event_streams
  WHERE stream > 'deals/' || $1::uuid AND stream LIKE 'deals/%' ORDER BY stream LIMIT ${BATCH}`;
const JOURNALED = `SELECT deal_id FROM (SELECT deal_id FROM crm.journals UNION ALL SELECT id FROM crm.deals) deal`;
const KNOWN = `${JOURNALED} WHERE deal_id = $1::uuid LIMIT 1`;
const WITHOUT_STREAM = `${JOURNALED}
  WHERE NOT EXISTS (SELECT FROM crm.event_streams s WHERE s.stream = 'deals/' || deal_id) LIMIT 1`;

/** Recomputes journals of the whole installation, for who stands outside of it and sees every deal. */
export class JournalAudit {
  constructor(private readonly ask: Ask) {}

  /** The journal of one deal; undefined when there is no such deal. */
  async one(dealId: string): Promise<JournalFinding | undefined> {
    if ((await this.ask(KNOWN, [dealId])).length === 0) return undefined;
    return findingOf(await this.ask<ChainRow>(chainsOf(HEAD_OF_DEAL), [dealId]));
  }

  /**
   * Every journal, up to the first that is broken.
   * @param onProgress receives the number of checked journals and of all.
   */
  async all(onProgress: (done: number, known: number) => void): Promise<JournalFinding> {
    const [{ known } = { known: 0 }] = await this.ask<{ known: number }>(COUNT, []);
    let found: JournalFinding = { deals: 0, entries: 0, broken: null };
    for (let after = ANY_DEAL; ;) {
      const rows = await this.ask<ChainRow>(chainsOf(HEADS), [after]);
      const { deals, entries, broken } = findingOf(rows);
      found = { deals: found.deals + deals, entries: found.entries + entries, broken };
      onProgress(found.deals, Math.max(known, found.deals));
      if (broken) return found;
      if (rows.length < BATCH) break;
      after = rows.at(-1)!.deal_id;
    }
    const [stray] = await this.ask<{ deal_id: string }>(WITHOUT_STREAM, []);
    return stray ? { ...found, broken: { dealId: stray.deal_id, at: 1 } } : found;
  }
}

function findingOf(rows: readonly ChainRow[]): JournalFinding {
  const entries = rows.reduce((sum, row) => sum + row.entries, 0);
  const first = rows.find(({ broken_at: at }) => at !== null);
  const deals = rows.filter((row) => row.entries > 0 || row.broken_at !== null).length;
  return { deals, entries, broken: first ? { dealId: first.deal_id, at: first.broken_at! } : null };
}
