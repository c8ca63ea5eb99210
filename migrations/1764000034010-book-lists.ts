import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments and journal entries of all deals. */
export class BookLists1764000034010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX payments_list_idx ON crm.payments (planned_date, id) WHERE NOT is_deleted;
      CREATE INDEX payments_outstanding_idx ON crm.payments (planned_date, id)
        WHERE NOT is_deleted AND cancelled_at IS NULL AND status <> 'paid';
      CREATE INDEX payments_unconfirmed_idx ON crm.payments (planned_date, id)
        WHERE NOT is_deleted AND cancelled_at IS NULL AND recorded_by_id IS NULL;
      CREATE INDEX payments_created_idx ON crm.payments (created_at, id) WHERE NOT is_deleted;
      CREATE INDEX payments_actual_idx ON crm.payments (coalesce(actual_date, 'infinity'), id) WHERE NOT is_deleted;
      -- Not a B-tree, which would end HOT updates: every line updates its payment.
      CREATE INDEX payments_updated_idx ON crm.payments USING brin (updated_at) WITH (autosummarize = on);
      CREATE INDEX payment_incomes_posted_idx ON crm.payment_incomes (posted_at, payment_id) WHERE NOT is_deleted;
      CREATE INDEX payment_expenses_posted_idx ON crm.payment_expenses (posted_at, payment_id) WHERE NOT is_deleted;
      -- Its rows are in payments_list_idx, and the few that reminders look for in payments_outstanding_idx.
      DROP INDEX crm.payments_planned_idx;

      CREATE INDEX policies_insurer_idx ON crm.policies (insurer_key) WHERE NOT is_deleted;
      CREATE VIEW crm.policy_insurers AS
        SELECT id AS policy_id, insurer_key FROM crm.policies WHERE NOT is_deleted AND insurer_key IS NOT NULL;
      COMMENT ON VIEW crm.policy_insurers IS 'What policies show to the SQL of payments: the insurer, as names are compared.';

      CREATE INDEX journals_created_idx ON crm.journals (created_at, id);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
