import { Injectable } from '@nestjs/common';
import { DailySchedule, type HandlesJobs, HOUSEKEEPING, JobHandler } from '#platform/jobs';
import { Database, statement } from '#platform/persistence';

/** Rows per delete statement, so that locks are short. */
const BATCH = 5_000;

/** Tables with their retention. An event is not delivered again after a month. */
const OUTDATED = [
  { table: 'crm.idempotency_keys', column: 'created_at', age: '72 hours' },
  { table: 'crm.inbox', column: 'received_at', age: '30 days' },
].map(({ table, column, age }) =>
  statement(
    `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM ${table} WHERE ${column} < now() - interval '${age}' LIMIT ${BATCH})) RETURNING 1)
     SELECT count(*)::int AS count FROM gone`,
  ),
);

/** Deletes expired rows, each night. */
@Injectable()
@JobHandler({ queue: HOUSEKEEPING, name: 'purge', transactional: false })
@DailySchedule({ at: '03:30' })
export class HousekeepingJob implements HandlesJobs {
  constructor(private readonly database: Database) {}

  async handle(): Promise<void> {
    for (const purge of OUTDATED) {
      let count = BATCH;
      while (count === BATCH) count = (await this.database.first<{ count: number }>(purge))?.count ?? 0;
    }
  }
}
