import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The names of our subscribers' queues, for commands that run no subscriber. */
export class SubscriberQueues1764000024000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.subscriber_queues (
        queue   text        PRIMARY KEY,
        keys    text[]      NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE crm.subscriber_queues IS 'Queues on RabbitMQ that a worker consumes, written when it starts.';
      COMMENT ON COLUMN crm.subscriber_queues.seen_at IS 'When a worker with this subscriber started last.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
