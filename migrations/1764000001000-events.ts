import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The journal, the event log, and the one function that appends to both. */
export class Events1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.event_streams (
        stream            text  PRIMARY KEY,
        version           int   NOT NULL,
        journal_seq       int   NOT NULL,
        journal_prev_hash bytea NOT NULL,
        journal_hash      bytea NOT NULL
      ) WITH (fillfactor = 70);
      COMMENT ON TABLE crm.event_streams IS
        'Head of each stream: the row lock that takes the next version is held until commit, so commit order = version order.';

      CREATE TABLE crm.event_log (
        id             uuid        PRIMARY KEY,
        seq            bigint      GENERATED ALWAYS AS IDENTITY,
        position       bigint,
        stream         text        NOT NULL,
        stream_version int         NOT NULL,
        journal_seq    int,
        type           text        NOT NULL,
        time           timestamptz NOT NULL,
        actor_id       uuid,
        traceparent    text,
        deal_id        uuid,
        client_id      uuid,
        audience       uuid[]      NOT NULL,
        data           jsonb       NOT NULL,
        CONSTRAINT event_log_stream_version_key UNIQUE (stream, stream_version)
      );
      COMMENT ON COLUMN crm.event_log.seq IS 'Taken under the stream''s lock: grows with stream_version within a stream.';
      COMMENT ON COLUMN crm.event_log.position IS 'Gap-free order for readers, given by the sequencer after the commit.';
      COMMENT ON COLUMN crm.event_log.audience IS 'Users who may see it beside those whose role sees all.';
      CREATE UNIQUE INDEX event_log_position_key ON crm.event_log (position) WHERE position IS NOT NULL;
      CREATE INDEX event_log_unsequenced_idx ON crm.event_log (seq) WHERE position IS NULL;
      CREATE INDEX event_log_deal_position_idx ON crm.event_log (deal_id, position) WHERE deal_id IS NOT NULL;

      CREATE TABLE crm.event_cursors (
        name       text        PRIMARY KEY,
        position   bigint      NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE crm.event_cursors IS 'How far each reader of the log has come; ''sequencer'' holds the last position given.';
      INSERT INTO crm.event_cursors (name, position) VALUES ('sequencer', 0);

      CREATE TABLE crm.inbox (
        consumer    text        NOT NULL,
        event_id    uuid        NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
      );
      COMMENT ON TABLE crm.inbox IS 'Events a consumer has dealt with, written in the same transaction as their effect.';
      CREATE INDEX inbox_received_at_idx ON crm.inbox (received_at);

      CREATE TABLE crm.idempotency_keys (
        caller_id   uuid        NOT NULL,
        key         text        NOT NULL,
        fingerprint bytea       NOT NULL,
        status      int         NOT NULL,
        headers     jsonb       NOT NULL,
        body        text        NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (caller_id, key)
      );
      CREATE INDEX idempotency_keys_created_at_idx ON crm.idempotency_keys (created_at);

      CREATE TABLE crm.journals (
        id         uuid        PRIMARY KEY,
        deal_id    uuid        NOT NULL,
        seq        int         NOT NULL,
        kind       text        NOT NULL CONSTRAINT journals_kind_check CHECK (kind IN ('note', 'system')),
        author_id  uuid,
        body       text        NOT NULL CONSTRAINT journals_body_check CHECK (char_length(body) BETWEEN 1 AND 5000),
        data       jsonb       NOT NULL,
        hash       bytea       NOT NULL,
        prev_hash  bytea       NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT journals_deal_seq_key UNIQUE (deal_id, seq)
      );

      CREATE FUNCTION crm.refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'crm.journals is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
      END $$;
      CREATE TRIGGER journals_append_only BEFORE UPDATE OR DELETE ON crm.journals
        FOR EACH ROW EXECUTE FUNCTION crm.refuse_journal_change();
      CREATE TRIGGER journals_no_truncate BEFORE TRUNCATE ON crm.journals
        FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_journal_change();
    `);
    await runner.query(`
      CREATE FUNCTION crm.journal_hash(
        prev bytea, deal_id uuid, seq int, id uuid, kind text, author_id uuid, body text, data jsonb, created_at timestamptz
      ) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT sha256(prev || convert_to(
          jsonb_build_array(deal_id, seq, id, kind, author_id, body, data,
            to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'UTF8'))
      $$;
      COMMENT ON FUNCTION crm.journal_hash IS
        'SHA-256 over the hash of the entry before (32 zero bytes for the first) and the entry as the text of a jsonb array.';

      CREATE FUNCTION crm.append_changes(changes jsonb, trace text, at timestamptz) RETURNS jsonb
      LANGUAGE plpgsql AS $$
      DECLARE
        change jsonb;
        entry  jsonb;
        head   crm.event_streams;
        heads  jsonb := '[]';
        deal   uuid;
        actor  uuid;
        events int;
        zero   constant bytea := decode(repeat('00', 32), 'hex');
      BEGIN
        -- Streams are locked in one order, so that two calls can't wait for each other.
        FOR change IN SELECT c FROM jsonb_array_elements(changes) WITH ORDINALITY AS t (c, n) ORDER BY c ->> 'stream', n LOOP
          entry  := change -> 'entry';
          deal   := (change ->> 'deal_id')::uuid;
          actor  := (change ->> 'actor_id')::uuid;
          events := jsonb_array_length(change -> 'events');
          -- Version, journal number and chain head come out of the locked row: a read before the lock could be stale.
          IF entry IS NULL THEN
            INSERT INTO crm.event_streams AS s VALUES (change ->> 'stream', events, 0, zero, zero)
            ON CONFLICT (stream) DO UPDATE SET version = s.version + events
            RETURNING * INTO head;
          ELSE
            INSERT INTO crm.event_streams AS s VALUES (change ->> 'stream', events, 1, zero, crm.journal_hash(
              zero, deal, 1, (entry ->> 'id')::uuid, entry ->> 'kind', actor, entry ->> 'body', entry -> 'data', at))
            ON CONFLICT (stream) DO UPDATE SET
              version           = s.version + events,
              journal_seq       = s.journal_seq + 1,
              journal_prev_hash = s.journal_hash,
              journal_hash      = crm.journal_hash(s.journal_hash, deal, s.journal_seq + 1, (entry ->> 'id')::uuid,
                entry ->> 'kind', actor, entry ->> 'body', entry -> 'data', at)
            RETURNING * INTO head;
            INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
            VALUES ((entry ->> 'id')::uuid, deal, head.journal_seq, entry ->> 'kind', actor, entry ->> 'body',
              entry -> 'data', head.journal_hash, head.journal_prev_hash, at);
          END IF;
          INSERT INTO crm.event_log
            (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id, audience, data)
          SELECT (e ->> 'id')::uuid, head.stream, head.version - events + n::int,
            CASE WHEN entry IS NOT NULL THEN head.journal_seq END, e ->> 'type', at, actor, trace, deal,
            (change ->> 'client_id')::uuid,
            ARRAY(SELECT jsonb_array_elements_text(coalesce(e -> 'audience', change -> 'audience'))::uuid), e -> 'data'
          FROM jsonb_array_elements(change -> 'events') WITH ORDINALITY AS t (e, n)
          ORDER BY n;
          heads := heads || jsonb_build_object('stream', head.stream, 'version', head.version, 'journal_seq', head.journal_seq,
            'journal_hash', encode(head.journal_hash, 'hex'), 'journal_prev_hash', encode(head.journal_prev_hash, 'hex'));
        END LOOP;
        RETURN heads;
      END $$;
      COMMENT ON FUNCTION crm.append_changes IS
        'Appends journal entries and events: [{stream, deal_id, client_id, actor_id, audience, entry: {id, kind, body, data}, '
        'events: [{id, type, audience?, data}]}]. Returns the new head of each stream.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
