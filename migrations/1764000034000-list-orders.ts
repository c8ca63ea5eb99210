import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders and ranges of lists that callers choose. */
export class ListOrders1764000034000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX clients_updated_idx ON crm.clients (updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX clients_name_idx ON crm.clients (name, id) WHERE NOT is_deleted;
      CREATE INDEX deals_created_idx ON crm.deals (created_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_updated_idx ON crm.deals (updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_closed_idx ON crm.deals (coalesce(closed_at, 'infinity'), id) WHERE NOT is_deleted;
      CREATE INDEX policies_updated_idx ON crm.policies (updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX policies_starts_idx ON crm.policies (coalesce(effective_from, 'infinity'), id) WHERE NOT is_deleted;
      CREATE INDEX policies_ends_idx ON crm.policies (coalesce(effective_to, 'infinity'), id) WHERE NOT is_deleted;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
