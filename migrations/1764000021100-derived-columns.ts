import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which rule the service last computed a derived column for all rows. */
export class DerivedColumns1764000021100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.derived_columns (
        name         text        PRIMARY KEY,
        rule         text        NOT NULL,
        completed_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE crm.derived_columns IS
        'Columns that the service computes by a versioned rule; another rule than the current one means: compute again.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
