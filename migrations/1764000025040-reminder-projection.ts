import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The reminder projection takes over from the subscribers of earlier releases. */
export class ReminderProjection1764000025040 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Two days back: what the subscribers have done already is found in crm.reminders, and nothing is left out.
      INSERT INTO crm.event_cursors (name, position)
        SELECT 'projection/reminders', coalesce(
          (SELECT min(position) - 1 FROM crm.event_log WHERE time >= now() - interval '2 days' AND position IS NOT NULL),
          (SELECT position FROM crm.event_cursors WHERE name = 'sequencer'));
      DELETE FROM crm.subscriber_queues WHERE queue IN
        ('crm.worker.deal-reviews', 'crm.worker.quote-expiries', 'crm.worker.policy-reminders', 'crm.worker.payment-reminders');
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
