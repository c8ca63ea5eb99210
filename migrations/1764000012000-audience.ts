import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Distinguishes owners and executors in an audience; earlier rows do not. */
export class Audience1764000012000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      COMMENT ON COLUMN crm.event_log.audience IS
        'Users who may see it beside those whose role sees all: owners, then NULL, then executors. '
        'Without a NULL, as in events of earlier releases, either.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
