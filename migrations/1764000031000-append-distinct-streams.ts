import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * `append_to_streams` appends changes of distinct streams, which is what requests do, in a shorter statement: an upsert locks
 * each head and computes the next one from the locked row. Results are the same.
 */
export class AppendDistinctStreams1764000031000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(APPEND);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}

const CHANGES = `
        WITH change AS MATERIALIZED (
          SELECT *, jsonb_array_length(events) AS event_count
          FROM ROWS FROM (jsonb_to_recordset(changes) AS (
            stream text, deal_id uuid, client_id uuid, actor_id uuid, audience uuid[], trace text, at timestamptz,
            entry_id uuid, entry_kind text, entry_body text, entry_data jsonb, events jsonb)) WITH ORDINALITY
            AS c (stream, deal_id, client_id, actor_id, audience, trace, at, entry_id, entry_kind, entry_body, entry_data,
              events, place)`;

/** Inserts entries and events of `done`: changes with the version, number and hashes of their stream after them. */
const ROWS = `
        entries AS (
          INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
          SELECT d.entry_id, d.deal_id, d.journal_seq, d.entry_kind, d.actor_id, d.entry_body, d.entry_data,
            substr(d.state, 33), substr(d.state, 1, 32), d.at
          FROM done d WHERE d.entry_id IS NOT NULL ORDER BY d.place
        ), logged AS (
          INSERT INTO crm.event_log
            (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id, audience, data)
          SELECT (e ->> 'id')::uuid, d.stream, d.version - d.event_count + n::int,
            CASE WHEN d.entry_id IS NOT NULL THEN d.journal_seq END, e ->> 'type', d.at, d.actor_id, d.trace, d.deal_id,
            d.client_id,
            CASE WHEN e ? 'audience' THEN ARRAY(SELECT jsonb_array_elements_text(e -> 'audience')::uuid) ELSE d.audience END,
            e -> 'data'
          FROM done d, jsonb_array_elements(d.events) WITH ORDINALITY AS t (e, n)
          ORDER BY d.place, n
        )
        SELECT d.stream, d.version, d.journal_seq FROM done d ORDER BY d.place`;

/** In the order of streams, so that two calls cannot wait for each other. */
const DISTINCT = `${CHANGES}
        ), head AS (
          INSERT INTO crm.event_streams AS s (stream, version, journal_seq, journal_prev_hash, journal_hash)
          SELECT c.stream, c.event_count, (c.entry_id IS NOT NULL)::int, zero,
            CASE WHEN c.entry_id IS NULL THEN zero ELSE crm.journal_hash(zero, c.deal_id, 1, c.entry_id, c.entry_kind,
              c.actor_id, c.entry_body, c.entry_data, c.at) END
          FROM change c ORDER BY c.stream
          -- Numbers and hashes follow from the locked row: a value read before the lock could be stale.
          ON CONFLICT (stream) DO UPDATE SET version = s.version + excluded.version,
            journal_seq = s.journal_seq + excluded.journal_seq,
            journal_prev_hash = CASE excluded.journal_seq WHEN 0 THEN s.journal_prev_hash ELSE s.journal_hash END,
            journal_hash = CASE excluded.journal_seq WHEN 0 THEN s.journal_hash ELSE (
              SELECT crm.journal_hash(s.journal_hash, c.deal_id, s.journal_seq + 1, c.entry_id, c.entry_kind, c.actor_id,
                c.entry_body, c.entry_data, c.at)
              FROM change c WHERE c.stream = excluded.stream) END
          RETURNING s.*
        ), done AS MATERIALIZED (
          SELECT c.*, h.version, h.journal_seq, h.journal_prev_hash || h.journal_hash AS state
          FROM change c JOIN head h ON h.stream = c.stream
        ), ${ROWS}`;

const ANY = `${CHANGES}
          WHERE stream <> ALL (streams)
        ), locked AS MATERIALIZED (
          -- In the order of streams, so that two calls cannot wait for each other.
          SELECT s.* FROM crm.event_streams s WHERE s.stream = ANY (ARRAY(SELECT c.stream FROM change c))
          ORDER BY s.stream FOR NO KEY UPDATE
        ), numbered AS (
          -- Numbers and hashes follow from the locked row: a value read before the lock could be stale.
          SELECT c.*, l.stream IS NULL AS is_new, lead(c.place) OVER following IS NULL AS is_last,
            coalesce(l.journal_prev_hash || l.journal_hash, zero || zero) AS head,
            coalesce(l.version, 0) + (sum(c.event_count) OVER following)::int AS version,
            coalesce(l.journal_seq, 0) + (count(c.entry_id) OVER following)::int AS journal_seq
          FROM change c LEFT JOIN locked l ON l.stream = c.stream
          WINDOW following AS (PARTITION BY c.stream ORDER BY c.place)
        ), chained AS MATERIALIZED (
          SELECT n.*, coalesce(
            crm.journal_chain(n.head, n.deal_id, n.journal_seq, n.entry_id, n.entry_kind, n.actor_id, n.entry_body,
              n.entry_data, n.at) FILTER (WHERE n.entry_id IS NOT NULL) OVER (PARTITION BY n.stream ORDER BY n.place),
            n.head) AS state
          FROM numbered n
        ), updated AS (
          UPDATE crm.event_streams s SET version = c.version, journal_seq = c.journal_seq,
            journal_prev_hash = substr(c.state, 1, 32), journal_hash = substr(c.state, 33)
          FROM chained c WHERE s.stream = c.stream AND c.is_last AND NOT c.is_new
          RETURNING s.stream
        ), inserted AS (
          -- A stream that a concurrent transaction inserts first is left to the next iteration.
          INSERT INTO crm.event_streams AS s (stream, version, journal_seq, journal_prev_hash, journal_hash)
          SELECT c.stream, c.version, c.journal_seq, substr(c.state, 1, 32), substr(c.state, 33)
          FROM chained c WHERE c.is_last AND c.is_new ORDER BY c.stream
          ON CONFLICT (stream) DO NOTHING
          RETURNING s.stream
        ), done AS MATERIALIZED (
          SELECT c.* FROM chained c
          WHERE c.stream IN (SELECT u.stream FROM updated u UNION ALL SELECT n.stream FROM inserted n)
        ), ${ROWS}`;

const APPEND = `
  CREATE OR REPLACE FUNCTION crm.append_to_streams(changes jsonb)
  RETURNS TABLE (stream text, version int, journal_seq int)
  LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    zero        constant bytea := decode(repeat('00', 32), 'hex');
    total       constant int := jsonb_array_length(changes);
    is_distinct boolean := total = 1;
    appended    int := 0;
    streams     text[] := '{}';
  BEGIN
    -- The upsert looks its change up among all of them: cheap for a batch of requests, not for a file of thousands.
    IF total BETWEEN 2 AND 64 THEN
      is_distinct := (SELECT count(DISTINCT c ->> 'stream') = total FROM jsonb_array_elements(changes) AS c);
    END IF;
    IF is_distinct THEN
      RETURN QUERY ${DISTINCT};
      RETURN;
    END IF;
    WHILE total > appended LOOP
      FOR stream, version, journal_seq IN ${ANY}
      LOOP
        appended := appended + 1;
        streams := streams || stream;
        RETURN NEXT;
      END LOOP;
    END LOOP;
  END $$;
`;
