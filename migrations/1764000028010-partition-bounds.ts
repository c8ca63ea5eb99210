import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The role of the API and the worker makes partitions of the months near the current one only. */
export class PartitionBounds1764000028010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION crm.add_partition(parent text, month date) RETURNS boolean
      LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
      DECLARE
        name    constant text := parent || to_char(month, '_YYYY_MM');
        late    constant text := parent || '_default';
        key     constant text := CASE parent WHEN 'event_log' THEN 'time' WHEN 'journals' THEN 'created_at' END;
        low     constant timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
        high    constant timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
        current constant timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
        found   boolean;
      BEGIN
        IF key IS NULL THEN RAISE EXCEPTION 'no partitions of %: only of event_log and journals', parent; END IF;
        -- The owner of the tables may make any month: it can create tables anyway.
        IF NOT pg_has_role(session_user, current_user, 'MEMBER')
          AND month::timestamp NOT BETWEEN current - interval '1 month' AND current + interval '13 months' - interval '1 day'
        THEN
          RAISE EXCEPTION 'no partition for %: only for the previous month up to 12 months ahead', month
            USING ERRCODE = 'insufficient_privilege';
        END IF;
        -- One at a time.
        EXECUTE format('LOCK TABLE crm.%I IN SHARE UPDATE EXCLUSIVE MODE', parent);
        IF to_regclass(format('crm.%I', name)) IS NOT NULL THEN RETURN false; END IF;
        PERFORM crm.prepare_partition(parent, name);
        EXECUTE format('LOCK TABLE crm.%I IN ACCESS EXCLUSIVE MODE', late);
        EXECUTE format('SELECT EXISTS (SELECT FROM crm.%I WHERE %I >= $1 AND %2$I < $2)', late, key) INTO found USING low, high;
        IF found THEN
          -- Rows that came before their partition move into it as they are, while the table is locked.
          EXECUTE format('ALTER TABLE crm.%I DISABLE TRIGGER USER', late);
          EXECUTE format('WITH moved AS (DELETE FROM crm.%I WHERE %I >= $1 AND %2$I < $2 RETURNING *)
            INSERT INTO crm.%3$I SELECT * FROM moved', late, key, name) USING low, high;
          EXECUTE format('ALTER TABLE crm.%I ENABLE TRIGGER USER', late);
        END IF;
        EXECUTE format('ALTER TABLE crm.%I ATTACH PARTITION crm.%I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
        RETURN true;
      END $$;
      COMMENT ON FUNCTION crm.add_partition IS
        'Makes the partition of event_log or journals for a month, with the rows of the default one that belong there. '
        'False when it is there. Roles other than the owner may make the previous month up to 12 months ahead.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
