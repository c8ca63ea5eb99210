import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A merged client names its last survivor, and stays findable by its own name, contacts and tax id. */
export class MergedClients1764000021200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      WITH RECURSIVE chain AS (
        SELECT id, merged_into_id AS survivor_id FROM crm.clients WHERE merged_into_id IS NOT NULL
        UNION
        SELECT chain.id, next.merged_into_id FROM chain JOIN crm.clients next ON next.id = chain.survivor_id
        WHERE next.merged_into_id IS NOT NULL)
      UPDATE crm.clients c SET merged_into_id = survivor.id
      FROM chain JOIN crm.clients survivor ON survivor.id = chain.survivor_id
      WHERE c.id = chain.id AND survivor.merged_into_id IS NULL AND c.merged_into_id <> survivor.id;

      COMMENT ON COLUMN crm.clients.merged_into_id IS
        'The client that replaced it, which itself is not merged: a later merge of that one is followed here.';
      CREATE INDEX clients_merged_into_idx ON crm.clients (merged_into_id) WHERE merged_into_id IS NOT NULL;
      CREATE INDEX clients_merged_email_key_idx ON crm.clients (email_key)
        WHERE merged_into_id IS NOT NULL AND email_key IS NOT NULL;
      CREATE INDEX clients_merged_phone_key_idx ON crm.clients (phone_key)
        WHERE merged_into_id IS NOT NULL AND phone_key IS NOT NULL;
      CREATE INDEX clients_merged_tax_id_idx ON crm.clients (tax_id)
        WHERE merged_into_id IS NOT NULL AND tax_id IS NOT NULL;
      CREATE INDEX clients_merged_search_idx ON crm.clients USING gin
        ((lower(name || ' ' || coalesce(email_key, '') || ' ' || coalesce(phone_key, '') || ' ' || coalesce(tax_id, '')))
          public.gin_trgm_ops) WHERE merged_into_id IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
