import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Job requests and daily schedules; Bull's queues are rebuilt from them when Redis loses its data. */
export class Jobs1764000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.job_requests (
        id          uuid        PRIMARY KEY,
        queue       text        NOT NULL,
        name        text        NOT NULL,
        key         text        NOT NULL,
        payload     jsonb       NOT NULL,
        state       text        NOT NULL DEFAULT 'pending',
        run_after   timestamptz NOT NULL,
        attempts    int         NOT NULL DEFAULT 0,
        last_error  text,
        created_at  timestamptz NOT NULL,
        finished_at timestamptz,
        CONSTRAINT job_requests_queue_key_key UNIQUE (queue, key),
        CONSTRAINT job_requests_state_check CHECK (state IN ('pending', 'done', 'failed')),
        CONSTRAINT job_requests_finished_at_check CHECK ((state = 'pending') = (finished_at IS NULL))
      ) WITH (fillfactor = 80);
      COMMENT ON TABLE crm.job_requests IS
        'Work asked for; its Bull job carries the id alone. Done rows are purged after 30 days, failed ones are kept.';
      COMMENT ON COLUMN crm.job_requests.key IS 'What makes the same work the same: asked again, it is not done again.';
      COMMENT ON COLUMN crm.job_requests.payload IS 'Ids, dates and kinds only, never personal data.';
      COMMENT ON COLUMN crm.job_requests.attempts IS 'Runs that failed; a run cut off by a crash is not one.';
      CREATE INDEX job_requests_due_idx ON crm.job_requests (run_after, id) WHERE state = 'pending';
      CREATE INDEX job_requests_done_idx ON crm.job_requests (finished_at) WHERE state = 'done';
      CREATE INDEX job_requests_failed_idx ON crm.job_requests (queue) WHERE state = 'failed';

      CREATE TABLE crm.job_schedules (
        name               text        PRIMARY KEY,
        queue              text        NOT NULL,
        caught_up_through  date        NOT NULL,
        updated_at         timestamptz NOT NULL
      );
      COMMENT ON COLUMN crm.job_schedules.caught_up_through IS
        'The last business day whose work was asked for; its row lock makes workers take turns.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
