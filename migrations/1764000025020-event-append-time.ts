import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The age of unread events counts from their append: imported and demonstration events carry earlier times. */
export class EventAppendTime1764000025020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE crm.event_log ADD COLUMN appended_at timestamptz;
      ALTER TABLE crm.event_log ALTER COLUMN appended_at SET DEFAULT clock_timestamp();
      COMMENT ON COLUMN crm.event_log.appended_at IS
        'When the row was inserted, by the database''s clock; absent from events of earlier releases.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
