import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a person's list of policies is found by when it is a small part of all: policies of her own, deals once hers. */
export class ListScopes1764000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX policies_owner_idx ON crm.policies (owner_id) WHERE deal_id IS NULL AND NOT is_deleted;
      CREATE INDEX deals_deleted_owner_idx ON crm.deals (owner_id) WHERE is_deleted;
      CREATE INDEX deals_deleted_executor_idx ON crm.deals (executor_id) WHERE is_deleted;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
