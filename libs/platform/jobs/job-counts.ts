import { Injectable } from '@nestjs/common';
import { Database, statement } from '#platform/persistence';
import { JobQueues } from './job-queues.js';

const FAILED = statement(`
  SELECT queue, count(*)::int AS failed FROM crm.job_requests WHERE state = 'failed' GROUP BY queue`);

/** Jobs of one queue, by state. */
export interface QueueCounts {
  /** Ready to run. */
  readonly waiting: number;
  /** Running. */
  readonly active: number;
  /** To run later, because asked so or after a failure. */
  readonly delayed: number;
  /** Failed for good: a person must act. */
  readonly failed: number;
}

/** How much work there is, for metrics. */
@Injectable()
export class JobCounts {
  constructor(
    private readonly queues: JobQueues,
    private readonly database: Database,
  ) {}

  /** Counts by name of queue; a queue that can't be asked, because Redis is away, is left out. */
  async collect(): Promise<Record<string, QueueCounts>> {
    const rows = await this.database.query<{ queue: string; failed: number }>(FAILED);
    const failed = new Map(rows.map((row) => [row.queue, row.failed]));
    const counted = await Promise.allSettled(
      this.queues.all.map(async (queue) => {
        const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed');
        return [queue.name, { waiting, active, delayed, failed: failed.get(queue.name) ?? 0 }] as const;
      }),
    );
    return Object.fromEntries(counted.flatMap((count) => (count.status === 'fulfilled' ? [count.value] : [])));
  }
}
