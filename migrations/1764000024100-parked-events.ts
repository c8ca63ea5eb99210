import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events that RabbitMQ refused, and those behind them in their stream. */
export class ParkedEvents1764000024100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.parked_events (
        position   bigint      PRIMARY KEY,
        stream     text        NOT NULL,
        event_id   uuid        NOT NULL,
        type       text        NOT NULL,
        refusals   int         NOT NULL,
        refused_at timestamptz,
        parked_at  timestamptz NOT NULL DEFAULT now()
      );
      COMMENT ON TABLE crm.parked_events IS
        'Events that the publisher has passed and RabbitMQ has not stored; the publisher sends them again, each stream in order.';
      COMMENT ON COLUMN crm.parked_events.refusals IS 'How often RabbitMQ refused it; 0 for one that waits behind another of its stream.';
      CREATE INDEX parked_events_stream_position_idx ON crm.parked_events (stream, position);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
