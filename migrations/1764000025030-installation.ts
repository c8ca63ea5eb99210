import type { MigrationInterface, QueryRunner } from 'typeorm';

/** No reminder is published for days before the installation. */
export class Installation1764000025030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.installation (
        is_only      boolean     PRIMARY KEY DEFAULT true CONSTRAINT installation_is_only_check CHECK (is_only),
        installed_at timestamptz NOT NULL
      );
      COMMENT ON TABLE crm.installation IS 'When the first worker of this database began to publish reminders: one row.';
      INSERT INTO crm.installation (installed_at)
        SELECT min(created_at) FROM crm.reminders HAVING min(created_at) IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
