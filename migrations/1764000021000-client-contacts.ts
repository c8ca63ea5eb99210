import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Room for phone numbers with an extension and for tax ids of other countries. */
export class ClientContacts1764000021000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE crm.clients ALTER COLUMN phone TYPE varchar(64), ALTER COLUMN tax_id TYPE varchar(32);
      COMMENT ON COLUMN crm.clients.phone_key IS
        'E.164, with ;ext= and the extension; digits without a plus where the number belongs to no numbering plan.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
