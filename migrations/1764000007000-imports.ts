import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Imports: the file in pieces, how far it is, what is wrong with it; and the bulk sibling of append_changes. */
export class Imports1764000007000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.import_runs (
        id               uuid        PRIMARY KEY,
        kind             text        NOT NULL CONSTRAINT import_runs_kind_check
          CHECK (kind IN ('clients', 'deals', 'policies', 'payments')),
        state            text        NOT NULL DEFAULT 'queued' CONSTRAINT import_runs_state_check
          CHECK (state IN ('queued', 'checking', 'applying', 'done', 'refused')),
        mode             text        NOT NULL CONSTRAINT import_runs_mode_check
          CHECK (mode IN ('all_or_nothing', 'good_rows')),
        duplicates       text        NOT NULL CONSTRAINT import_runs_duplicates_check
          CHECK (duplicates IN ('refuse', 'skip', 'update', 'allow')),
        dry_run          boolean     NOT NULL,
        columns          text[]      NOT NULL,
        rows             int         NOT NULL DEFAULT 0,
        chunks           int         NOT NULL DEFAULT 0,
        next_chunk       int         NOT NULL DEFAULT 0,
        rows_done        int         NOT NULL DEFAULT 0,
        created          int         NOT NULL DEFAULT 0,
        updated          int         NOT NULL DEFAULT 0,
        skipped          int         NOT NULL DEFAULT 0,
        failed           int         NOT NULL DEFAULT 0,
        created_by_id    uuid        NOT NULL,
        created_at       timestamptz NOT NULL,
        updated_at       timestamptz NOT NULL,
        phase_started_at timestamptz,
        finished_at      timestamptz,
        CONSTRAINT import_runs_finished_check CHECK ((finished_at IS NOT NULL) = (state IN ('done', 'refused')))
      ) WITH (fillfactor = 70);
      COMMENT ON COLUMN crm.import_runs.next_chunk IS
        'The chunk to take next in this phase; moves in the transaction that holds what the chunk did.';
      COMMENT ON COLUMN crm.import_runs.rows_done IS 'Rows gone through in this phase.';

      CREATE TABLE crm.import_chunks (
        import_id uuid NOT NULL CONSTRAINT import_chunks_import_fkey REFERENCES crm.import_runs (id),
        number    int  NOT NULL,
        rows      text NOT NULL,
        PRIMARY KEY (import_id, number)
      );
      COMMENT ON COLUMN crm.import_chunks.rows IS
        'JSON [[line, cell, …], …]; text, since jsonb takes no NUL. Deleted when the import ends.';

      CREATE TABLE crm.import_errors (
        import_id uuid NOT NULL CONSTRAINT import_errors_import_fkey REFERENCES crm.import_runs (id),
        line      int  NOT NULL,
        number    int  NOT NULL,
        "column"  text,
        code      text NOT NULL,
        detail    text NOT NULL,
        PRIMARY KEY (import_id, line, number)
      );
      COMMENT ON TABLE crm.import_errors IS 'What is wrong with which line; never the values themselves.';

      CREATE TABLE crm.import_keys (
        import_id uuid NOT NULL CONSTRAINT import_keys_import_fkey REFERENCES crm.import_runs (id),
        key       text NOT NULL,
        line      int  NOT NULL,
        PRIMARY KEY (import_id, key)
      );
      COMMENT ON TABLE crm.import_keys IS
        'What makes a row of the file the same as another one, and the first line that has it. Deleted when the import ends.';
    `);
    await runner.query(`
      CREATE FUNCTION crm.append_beginnings(changes jsonb, trace text, at timestamptz) RETURNS int
      LANGUAGE plpgsql AS $$
      DECLARE
        appended int;
        zero     constant bytea := decode(repeat('00', 32), 'hex');
      BEGIN
        WITH change AS MATERIALIZED (
          SELECT n, c ->> 'stream' AS stream, (c ->> 'deal_id')::uuid AS deal, (c ->> 'client_id')::uuid AS client,
            (c ->> 'actor_id')::uuid AS actor, c -> 'audience' AS audience, c -> 'entry' AS entry, c -> 'events' AS events
          FROM jsonb_array_elements(changes) WITH ORDINALITY AS t (c, n)
        ), hashed AS MATERIALIZED (
          SELECT *, CASE WHEN entry IS NULL THEN zero ELSE crm.journal_hash(zero, deal, 1, (entry ->> 'id')::uuid,
            entry ->> 'kind', actor, entry ->> 'body', entry -> 'data', at) END AS hash
          FROM change
        ), heads AS (
          -- A stream that exists already breaks the key: the whole write is then undone.
          INSERT INTO crm.event_streams (stream, version, journal_seq, journal_prev_hash, journal_hash)
          SELECT stream, jsonb_array_length(events), CASE WHEN entry IS NULL THEN 0 ELSE 1 END, zero, hash
          FROM hashed ORDER BY stream
        ), entries AS (
          INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
          SELECT (entry ->> 'id')::uuid, deal, 1, entry ->> 'kind', actor, entry ->> 'body', entry -> 'data', hash, zero, at
          FROM hashed WHERE entry IS NOT NULL ORDER BY n
        )
        INSERT INTO crm.event_log
          (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id, audience, data)
        SELECT (e ->> 'id')::uuid, stream, place::int, CASE WHEN entry IS NOT NULL THEN 1 END, e ->> 'type', at, actor, trace,
          deal, client, ARRAY(SELECT jsonb_array_elements_text(coalesce(e -> 'audience', audience))::uuid), e -> 'data'
        FROM hashed, jsonb_array_elements(events) WITH ORDINALITY AS t (e, place)
        ORDER BY n, place;
        GET DIAGNOSTICS appended = ROW_COUNT;
        RETURN appended;
      END $$;
      COMMENT ON FUNCTION crm.append_beginnings IS
        'append_changes for many streams at once that each begin with this one change; returns the number of events.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
