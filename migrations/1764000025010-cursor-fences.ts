import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Cursors of the log check the lease of the leader that moves them. */
export class CursorFences1764000025010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE crm.event_cursors ADD COLUMN fence bigint NOT NULL DEFAULT 0;
      COMMENT ON COLUMN crm.event_cursors.fence IS
        'Token of the lease under which the cursor is moved: a former leader, whose token is smaller, can''t move it.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
