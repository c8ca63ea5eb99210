import { Injectable } from '@nestjs/common';
import { JobQueues } from './job-queues.js';
import { JobRequestRepository } from './requests/job-request.repository.js';

/** Jobs of one queue, by state. */
export interface QueueCounts {
  /** Ready to run. */
  readonly waiting: number;
  /** Running. */
  readonly active: number;
  /** Delayed, by request or after a failure. */
  readonly delayed: number;
  /** Failed permanently: an operator must act. */
  readonly failed: number;
}

/** Counts jobs, for metrics. */
@Injectable()
export class JobCounts {
  constructor(
    private readonly queues: JobQueues,
    private readonly repository: JobRequestRepository,
  ) {}

  /** Counts by name of queue; a queue that cannot be read during an outage of Redis is omitted. */
  async collect(): Promise<Record<string, QueueCounts>> {
    const failed = await this.repository.failed();
    const counted = await Promise.allSettled(
      this.queues.all.map(async (queue) => {
        const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'active', 'delayed');
        return [queue.name, { waiting, active, delayed, failed: failed.get(queue.name) ?? 0 }] as const;
      }),
    );
    return Object.fromEntries(counted.flatMap((count) => (count.status === 'fulfilled' ? [count.value] : [])));
  }
}
