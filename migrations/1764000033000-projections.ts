import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Projections can be rebuilt; until a rebuild has read the log again, no event is forgotten. */
export class Projections1764000033000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.projections (
        name                 text        PRIMARY KEY,
        is_rebuildable       boolean     NOT NULL,
        rebuild_requested_at timestamptz,
        rebuild_started_at   timestamptz
      );
      COMMENT ON TABLE crm.projections IS
        'One row per projection, written by its leader. Cursors are in crm.event_cursors.';
      COMMENT ON COLUMN crm.projections.rebuild_requested_at IS
        'Set until the leader has emptied the effects and moved the cursor before the first event.';
      COMMENT ON COLUMN crm.projections.rebuild_started_at IS 'When the leader last started a rebuild.';

      CREATE OR REPLACE FUNCTION crm.forget_events(through bigint, before timestamptz, most int) RETURNS int
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
      DECLARE
        name text;
        kept boolean;
        gone int;
      BEGIN
        -- Locks out new bookmarks, replays and rebuilds during the deletion.
        LOCK TABLE crm.event_bookmarks, crm.event_replays, crm.projections IN SHARE MODE;
        through := least(through,
          (SELECT min(b.position) FROM crm.event_bookmarks b),
          (SELECT min(r.position) FROM crm.event_replays r WHERE r.state IN ('pending', 'running')),
          (SELECT min(c.position) FROM crm.event_cursors c WHERE c.name LIKE 'projection/%'),
          (SELECT 0 FROM crm.projections p WHERE p.rebuild_requested_at IS NOT NULL LIMIT 1));
        FOR name IN
          SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
          WHERE i.inhparent = 'crm.event_log'::regclass AND c.relname ~ '^event_log_[0-9]{4}_[0-9]{2}$'
            AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= before
          ORDER BY 1
        LOOP
          EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE position > $1) OR
            EXISTS (SELECT FROM crm.%1$I WHERE position IS NULL)', name) INTO kept USING through;
          CONTINUE WHEN kept;
          -- In the order of writers: the parent table, then the partition. Then check again, under the lock.
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
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
