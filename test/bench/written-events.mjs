/** Appends copies of the last events as the next ones of their streams, with the present time. */

const COPIES = `
  WITH old AS (
    SELECT *, row_number() OVER (PARTITION BY stream ORDER BY stream_version) AS n,
      count(*) OVER (PARTITION BY stream) AS more
    FROM (SELECT * FROM crm.event_log WHERE deal_id IS NOT NULL AND position <= $2 ORDER BY position DESC LIMIT $1) e
  ), heads AS (
    UPDATE crm.event_streams s SET version = s.version + o.more
    FROM (SELECT DISTINCT stream, more FROM old) o WHERE s.stream = o.stream
    RETURNING s.stream, s.version - o.more AS base
  ), place AS (
    UPDATE crm.event_cursors SET position = position + $1 WHERE name = 'sequencer' RETURNING position - $1 AS before
  ), written AS (
    INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, actor_id, deal_id, client_id, audience, data)
    SELECT uuidv7(), place.before + row_number() OVER (ORDER BY n, stream), stream, base + n, type,
      date_trunc('milliseconds', now()), actor_id, deal_id, client_id, audience, data
    FROM old JOIN heads USING (stream), place RETURNING 1
  )
  SELECT count(*)::int AS count, (SELECT before FROM place) AS before, pg_notify('crm_log_positioned', '') FROM written`;

/**
 * Appends events with their positions and wakes the readers of the log; the order is round robin over the streams.
 * No other process may write meanwhile.
 * @param {import('./environment.mjs').Book} book
 * @param {number} count
 * @param {string} [until] only copies of events up to this position
 * @returns {Promise<string>} the position before the first of them
 */
export async function writeEvents(book, count, until = '9223372036854775807') {
  const [written] = await book.query(COPIES, [count, until]);
  if (written.count !== count) throw new Error(`the book has ${written.count} events to copy, not ${count}`);
  return written.before;
}
