import type { TestDatabase } from '#platform/testing';
import type { Acknowledged } from '../books/write-load.js';

/** Inconsistencies; every list is empty when the data are consistent. */
export interface Discrepancies {
  /** Journal entries without an event, as `<deal>#<seq>`. */
  readonly entriesWithoutEvent: readonly string[];
  /** Events with the number of a missing journal entry. */
  readonly eventsWithoutEntry: readonly string[];
  /** Streams whose versions or journal numbers are not 1, 2, 3 …, or don't agree with their head. */
  readonly brokenStreams: readonly string[];
  /** Missing positions, and positions that contradict the order of a stream. */
  readonly brokenPositions: readonly string[];
  /** Acknowledged changes that are missing in the database or the log. */
  readonly lostWrites: readonly string[];
}

export const NO_DISCREPANCIES: Discrepancies = {
  entriesWithoutEvent: [],
  eventsWithoutEntry: [],
  brokenStreams: [],
  brokenPositions: [],
  lostWrites: [],
};

const ENTRIES_WITHOUT_EVENT = `
  SELECT j.deal_id || '#' || j.seq AS fault FROM crm.journals j
   WHERE NOT EXISTS (SELECT 1 FROM crm.event_log e WHERE e.deal_id = j.deal_id AND e.journal_seq = j.seq)`;

const EVENTS_WITHOUT_ENTRY = `
  SELECT e.stream || ': ' || e.stream_version AS fault FROM crm.event_log e
   WHERE e.journal_seq IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM crm.journals j WHERE j.deal_id = e.deal_id AND j.seq = e.journal_seq)`;

const BROKEN_STREAMS = `
  SELECT s.stream || ': head ' || s.version || '/' || s.journal_seq AS fault
    FROM crm.event_streams s
    LEFT JOIN (SELECT stream, count(*) AS count, min(stream_version) AS first, max(stream_version) AS last
                 FROM crm.event_log GROUP BY stream) e USING (stream)
    LEFT JOIN (SELECT 'deals/' || deal_id AS stream, count(*) AS count, max(seq) AS last
                 FROM crm.journals GROUP BY deal_id) j USING (stream)
   WHERE (e.count, e.first, e.last) IS DISTINCT FROM (s.version, 1, s.version)
      OR (coalesce(j.count, 0), coalesce(j.last, 0)) IS DISTINCT FROM (s.journal_seq, s.journal_seq)`;

const BROKEN_POSITIONS = `
  SELECT 'position ' || position AS fault FROM (
    SELECT position, row_number() OVER (ORDER BY position) AS place,
           stream_version, row_number() OVER (PARTITION BY stream ORDER BY position) AS place_in_stream
      FROM crm.event_log) AS ordered
   WHERE position IS DISTINCT FROM place OR stream_version <> place_in_stream`;

/** Compares journal, log and acknowledged changes, once every event has its position. */
export async function audit(database: TestDatabase, acknowledged: readonly Acknowledged[]): Promise<Discrepancies> {
  const faults = async (sql: string): Promise<string[]> =>
    (await database.rows<{ fault: string }>(sql)).map(({ fault }) => fault);
  return {
    entriesWithoutEvent: await faults(ENTRIES_WITHOUT_EVENT),
    eventsWithoutEntry: await faults(EVENTS_WITHOUT_ENTRY),
    brokenStreams: await faults(BROKEN_STREAMS),
    brokenPositions: await faults(BROKEN_POSITIONS),
    lostWrites: await lostWrites(database, acknowledged),
  };
}

/** Finds notes by the id of their entry, changes by the deal's values in their event. */
async function lostWrites(database: TestDatabase, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const marks = await database.rows<{ mark: string }>(
    `SELECT coalesce(data ->> 'entry_id',
       concat_ws(' ', deal_id, data -> 'deal' ->> 'version', data -> 'deal' ->> 'updated_at')) AS mark
       FROM crm.event_log WHERE deal_id IS NOT NULL`,
  );
  const entries = await database.rows<{ id: string }>('SELECT id FROM crm.journals');
  const logged = new Set(marks.map(({ mark }) => mark));
  const written = new Set(entries.map(({ id }) => id));
  return acknowledged.flatMap((write) => {
    if ('entryId' in write) return logged.has(write.entryId) && written.has(write.entryId) ? [] : [write.entryId];
    const mark = `${write.dealId} ${write.version} ${write.updatedAt}`;
    return logged.has(mark) ? [] : [mark];
  });
}

/** Ids of every event of the log. */
export async function loggedIds(database: TestDatabase): Promise<ReadonlySet<string>> {
  const rows = await database.rows<{ id: string }>('SELECT id FROM crm.event_log');
  return new Set(rows.map(({ id }) => id));
}

/** True when every event of the log has its position. */
export async function isSequenced(database: TestDatabase): Promise<boolean> {
  return (await database.rows('SELECT FROM crm.event_log WHERE position IS NULL LIMIT 1')).length === 0;
}
