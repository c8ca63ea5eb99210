import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Bookmarks and replays of the event log; log and journals in partitions by month; what retention may take away. */
export class EventFeed1764000006000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.addConsumers(runner);
    await this.makePartitionedTables(runner);
    await this.addPartitionFunctions(runner);
    await this.moveRows(runner);
    await this.addRetention(runner);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }

  private async addConsumers(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.event_bookmarks (
        name          varchar(100) PRIMARY KEY,
        position      bigint       NOT NULL CONSTRAINT event_bookmarks_position_check CHECK (position >= 0),
        version       int          NOT NULL CONSTRAINT event_bookmarks_version_check CHECK (version > 0),
        created_at    timestamptz  NOT NULL,
        updated_at    timestamptz  NOT NULL,
        updated_by_id uuid         NOT NULL
      );
      COMMENT ON TABLE crm.event_bookmarks IS
        'How far each consumer of the feed says it has come; retention keeps what lies beyond the slowest.';

      CREATE TABLE crm.event_replays (
        id              uuid        PRIMARY KEY,
        queue           text        NOT NULL,
        types           text[]      NOT NULL,
        from_position   bigint      NOT NULL,
        to_position     bigint      NOT NULL,
        position        bigint      NOT NULL,
        published       bigint      NOT NULL DEFAULT 0,
        state           text        NOT NULL DEFAULT 'pending'
          CONSTRAINT event_replays_state_check CHECK (state IN ('pending', 'running', 'done', 'failed')),
        error           text,
        requested_by_id uuid        NOT NULL,
        created_at      timestamptz NOT NULL,
        updated_at      timestamptz NOT NULL,
        finished_at     timestamptz,
        CONSTRAINT event_replays_finished_at_check CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
      );
      COMMENT ON TABLE crm.event_replays IS 'Parts of the log sent once more, to one queue.';
      COMMENT ON COLUMN crm.event_replays.types IS 'Patterns of routing keys; none for every type.';
      COMMENT ON COLUMN crm.event_replays.position IS 'Everything up to here is confirmed by the broker or was not wanted.';
      CREATE INDEX event_replays_open_idx ON crm.event_replays (position) WHERE state IN ('pending', 'running');
    `);
  }

  /**
   * Recreates the tables with partitions. A unique key over all partitions would have to contain the time, and would
   * ensure nothing; so each partition has its own keys, without the time, as strict and as small as before. Across
   * months the source of the numbers ensures the same: stream_version and the journal's seq come out of the locked row
   * of event_streams, position out of the locked row of the sequencer's cursor, ids are UUIDs.
   */
  private async makePartitionedTables(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE crm.event_log RENAME TO event_log_whole;
      ALTER TABLE crm.journals RENAME TO journals_whole;

      CREATE SEQUENCE crm.event_log_seq;
      CREATE TABLE crm.event_log (
        id             uuid        NOT NULL,
        seq            bigint      NOT NULL DEFAULT nextval('crm.event_log_seq'),
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
        data           jsonb       NOT NULL
      ) PARTITION BY RANGE (time);
      ALTER SEQUENCE crm.event_log_seq OWNED BY crm.event_log.seq;
      COMMENT ON TABLE crm.event_log IS
        'In partitions by month of time (UTC); what no month was made for is taken by event_log_default, never refused.';
      COMMENT ON COLUMN crm.event_log.seq IS 'Taken under the stream''s lock: grows with stream_version within a stream.';
      COMMENT ON COLUMN crm.event_log.position IS 'Gap-free order for readers, given by the sequencer after the commit.';
      COMMENT ON COLUMN crm.event_log.audience IS 'Users who may see it beside those whose role sees all.';

      CREATE TABLE crm.journals (
        id         uuid        NOT NULL,
        deal_id    uuid        NOT NULL,
        seq        int         NOT NULL,
        kind       text        NOT NULL CONSTRAINT journals_kind_check CHECK (kind IN ('note', 'system')),
        author_id  uuid,
        body       text        NOT NULL CONSTRAINT journals_body_check CHECK (char_length(body) BETWEEN 1 AND 5000),
        data       jsonb       NOT NULL,
        hash       bytea       NOT NULL,
        prev_hash  bytea       NOT NULL,
        created_at timestamptz NOT NULL
      ) PARTITION BY RANGE (created_at);
      COMMENT ON TABLE crm.journals IS
        'In partitions by month of created_at (UTC); what no month was made for is taken by journals_default, never refused.';
    `);
  }

  private async addPartitionFunctions(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION crm.prepare_partition(parent text, name text) RETURNS void
      LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      BEGIN
        EXECUTE format('CREATE TABLE crm.%I (LIKE crm.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
        EXECUTE format('ALTER TABLE crm.%I ADD CONSTRAINT %I PRIMARY KEY (id)', name, name || '_pkey');
        CASE parent
        WHEN 'event_log' THEN
          EXECUTE format('ALTER TABLE crm.%I ADD CONSTRAINT %I UNIQUE (stream, stream_version)', name, name || '_stream_version_key');
          EXECUTE format('CREATE UNIQUE INDEX %I ON crm.%I (position) WHERE position IS NOT NULL', name || '_position_key', name);
        WHEN 'journals' THEN
          EXECUTE format('ALTER TABLE crm.%I ADD CONSTRAINT %I UNIQUE (deal_id, seq)', name, name || '_deal_seq_key');
          -- Row triggers come to a partition by themselves, this one doesn't.
          EXECUTE format('CREATE TRIGGER journals_no_truncate BEFORE TRUNCATE ON crm.%I
            FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_journal_change()', name);
        END CASE;
      END $$;
      COMMENT ON FUNCTION crm.prepare_partition IS
        'Makes a table that is to be a partition, with the keys that a partition has for itself.';

      CREATE FUNCTION crm.missing_partitions(ahead int) RETURNS TABLE (parent text, month date)
      LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
        SELECT parent, month::date
        FROM unnest(ARRAY['event_log', 'journals']) AS parent,
          generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
            date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead), interval '1 month') AS month
        WHERE to_regclass(format('crm.%I', parent || to_char(month, '_YYYY_MM'))) IS NULL
        ORDER BY month, parent
      $$;
      COMMENT ON FUNCTION crm.missing_partitions IS 'Partitions of this month and of so many after it that are not there.';

      -- Runs with the rights of the tables' owner, so that the worker needs none; fails if a lock is not free in time.
      CREATE FUNCTION crm.add_partition(parent text, month date) RETURNS boolean
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
      DECLARE
        name  constant text := parent || to_char(month, '_YYYY_MM');
        late  constant text := parent || '_default';
        key   constant text := CASE parent WHEN 'event_log' THEN 'time' WHEN 'journals' THEN 'created_at' END;
        low   constant timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
        high  constant timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
        found boolean;
      BEGIN
        IF key IS NULL THEN RAISE EXCEPTION 'no partitions of %: only of event_log and journals', parent; END IF;
        -- One at a time.
        EXECUTE format('LOCK TABLE crm.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
        IF to_regclass(format('crm.%I', name)) IS NOT NULL THEN RETURN false; END IF;
        PERFORM crm.prepare_partition(parent, name);
        EXECUTE format('LOCK TABLE crm.%I IN ACCESS EXCLUSIVE MODE', late);
        EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE %I >= $1 AND %2$I < $2)', late, key) INTO found USING low, high;
        IF found THEN
          -- Rows that came before their partition move into it as they are; nobody else can touch the table meanwhile.
          EXECUTE format('ALTER TABLE crm.%I DISABLE TRIGGER USER', late);
          EXECUTE format('WITH moved AS (DELETE FROM crm.%I WHERE %I >= $1 AND %2$I < $2 RETURNING *)
            INSERT INTO crm.%3$I SELECT * FROM moved', late, key, name) USING low, high;
          EXECUTE format('ALTER TABLE crm.%I ENABLE TRIGGER USER', late);
        END IF;
        EXECUTE format('ALTER TABLE crm.%I ATTACH PARTITION crm.%I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
        RETURN true;
      END $$;
      COMMENT ON FUNCTION crm.add_partition IS
        'Makes the partition of event_log or journals for a month, with the rows of the default one that belong there. False when it is there.';

      SELECT crm.prepare_partition('event_log', 'event_log_default'), crm.prepare_partition('journals', 'journals_default');
      ALTER TABLE crm.event_log ATTACH PARTITION crm.event_log_default DEFAULT;
      ALTER TABLE crm.journals ATTACH PARTITION crm.journals_default DEFAULT;
    `);
  }

  private async moveRows(runner: QueryRunner): Promise<void> {
    await runner.query(`
      SELECT crm.add_partition('event_log', month::date) FROM (
        SELECT DISTINCT date_trunc('month', time AT TIME ZONE 'UTC') AS month FROM crm.event_log_whole) AS months;
      SELECT crm.add_partition('journals', month::date) FROM (
        SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC') AS month FROM crm.journals_whole) AS months;
      SELECT crm.add_partition(parent, month) FROM crm.missing_partitions(3);

      SELECT setval('crm.event_log_seq', coalesce((SELECT max(seq) FROM crm.event_log_whole), 0) + 1, false);
      INSERT INTO crm.event_log (id, seq, position, stream, stream_version, journal_seq, type, time, actor_id, traceparent,
          deal_id, client_id, audience, data)
        SELECT id, seq, position, stream, stream_version, journal_seq, type, time, actor_id, traceparent,
          deal_id, client_id, audience, data FROM crm.event_log_whole;
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
        SELECT id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at FROM crm.journals_whole;
      DROP TABLE crm.event_log_whole, crm.journals_whole;

      CREATE INDEX event_log_unsequenced_idx ON crm.event_log (seq) WHERE position IS NULL;
      CREATE INDEX event_log_deal_position_idx ON crm.event_log (deal_id, position) WHERE deal_id IS NOT NULL;
      ALTER TABLE crm.journals ADD CONSTRAINT journals_deal_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals (id);
      CREATE TRIGGER journals_append_only BEFORE UPDATE OR DELETE ON crm.journals
        FOR EACH ROW EXECUTE FUNCTION crm.refuse_journal_change();
      CREATE TRIGGER journals_no_truncate BEFORE TRUNCATE ON crm.journals
        FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse_journal_change();
    `);
  }

  /** What is forgotten is always the log's beginning, so that who reads on knows whether something is missing. */
  private async addRetention(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION crm.forget_events(through bigint, before timestamptz, most int) RETURNS int
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
      DECLARE
        name text;
        kept boolean;
        gone int;
      BEGIN
        -- Nobody sets a bookmark at, or begins a replay of, what is being deleted.
        LOCK TABLE crm.event_bookmarks, crm.event_replays IN SHARE MODE;
        through := least(through,
          (SELECT min(b.position) FROM crm.event_bookmarks b),
          (SELECT min(r.position) FROM crm.event_replays r WHERE r.state IN ('pending', 'running')));
        FOR name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'crm.event_log'::regclass AND c.relname ~ '^event_log_[0-9]{4}_[0-9]{2}$'
            AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= before
          ORDER BY 1
        LOOP
          EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE position > $1) OR
            EXISTS (SELECT FROM crm.%1$I WHERE position IS NULL)', name) INTO kept USING through;
          CONTINUE WHEN kept;
          -- In the order of writers: the whole, then its part. Then look again, alone.
          LOCK TABLE crm.event_log IN ACCESS EXCLUSIVE MODE;
          EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE position > $1 OR position IS NULL)', name) INTO kept USING through;
          CONTINUE WHEN kept;
          EXECUTE format('DROP TABLE crm.%I', name);
        END LOOP;
        -- Positions have no gap.
          WITH deleted AS (
            DELETE FROM crm.event_log e WHERE e.position <= least(through,
              (SELECT min(f.position) FROM crm.event_log f WHERE f.position IS NOT NULL) + most - 1) RETURNING 1
          )
          SELECT count(*) INTO gone FROM deleted;
        RETURN gone;
      END $$;
      COMMENT ON FUNCTION crm.forget_events IS
        'Drops the months that end before an instant and hold nothing beyond a position, then deletes the oldest events up to it. '
        'Returns how many it deleted one by one: as many as asked for while there may be more.';
      REVOKE EXECUTE ON FUNCTION crm.add_partition, crm.forget_events, crm.prepare_partition FROM PUBLIC;
    `);
  }
}
