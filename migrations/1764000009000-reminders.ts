import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the daily scans for reminders walk along; reviews move to the queue's common names of jobs. */
export class Reminders1764000009000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX deals_review_idx ON crm.deals (next_review_at, updated_at, id)
        WHERE NOT is_deleted AND closed_at IS NULL;
      CREATE INDEX quotes_validity_end_idx ON crm.quotes (upper(validity), id)
        WHERE NOT is_deleted AND status <> 'archived';

      UPDATE crm.job_schedules SET name = 'remind-deal-reviews' WHERE name = 'remind-day' AND queue = 'deal-reviews';
      UPDATE crm.job_requests SET name = 'remind-deal-reviews', key = 'remind-deal-reviews/' || (payload ->> 'day')
        WHERE queue = 'deal-reviews' AND name = 'remind-day';
      UPDATE crm.job_requests SET name = 'remind-one',
          payload = jsonb_build_object('subject_id', payload ->> 'deal_id', 'day', payload ->> 'day')
        WHERE queue = 'deal-reviews' AND name = 'remind-deal';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
