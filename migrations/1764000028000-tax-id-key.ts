import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tax ids are compared in capitals, in NFKC and without separators; the text stays as it was given. The index on the
 * text stays for processes of the previous release.
 */
export class TaxIdKey1764000028000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE crm.clients ADD COLUMN tax_id_key text
        GENERATED ALWAYS AS (upper(translate(normalize(tax_id, NFKC), ' ./-', ''))) STORED;
      COMMENT ON COLUMN crm.clients.tax_id_key IS 'The tax id as it is compared: for the duplicate check and imports.';
      CREATE INDEX clients_tax_id_key_idx ON crm.clients (tax_id_key) WHERE NOT is_deleted AND tax_id_key IS NOT NULL;
      CREATE INDEX clients_merged_tax_id_key_idx ON crm.clients (tax_id_key)
        WHERE merged_into_id IS NOT NULL AND tax_id_key IS NOT NULL;
      DROP INDEX crm.clients_merged_tax_id_idx;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
