import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets the API and the worker log in as a role that owns no table. */
export class RuntimeRole1764000026000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION crm.grant_runtime(role name) RETURNS void
      LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
      DECLARE
        journal regclass;
      BEGIN
        EXECUTE format('GRANT USAGE ON SCHEMA crm TO %I', role);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO %I', role);
        EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA crm TO %I', role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION crm.add_partition, crm.forget_events TO %I', role);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON crm.migrations FROM %I', role);
        FOR journal IN
          SELECT 'crm.journals'::regclass
          UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'crm.journals'::regclass
        LOOP
          EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM %I', journal, role);
        END LOOP;
      END $$;
      COMMENT ON FUNCTION crm.grant_runtime IS
        'Grants a role what the API and the worker need: rows of all tables, appends to the journal, no change of the schema.';
      REVOKE EXECUTE ON FUNCTION crm.grant_runtime FROM PUBLIC;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
