import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Leadership as leases with fencing tokens, instead of advisory locks, which a frozen process does not release. */
export class Leases1764000025000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.leases (
        name               text        PRIMARY KEY,
        token              bigint      NOT NULL DEFAULT 0,
        expires_at         timestamptz NOT NULL DEFAULT '-infinity',
        backend_pid        int,
        backend_started_at timestamptz
      ) WITH (fillfactor = 50);
      COMMENT ON TABLE crm.leases IS 'The right of one process at a time to do a piece of work; renewed while it lives.';
      COMMENT ON COLUMN crm.leases.token IS 'Fencing token: grows with each holder.';
      COMMENT ON COLUMN crm.leases.backend_pid IS 'The holder''s session: once it has ended, the lease is free.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
