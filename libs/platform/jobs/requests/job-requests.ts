import { Injectable } from '@nestjs/common';
import type { CalendarDate } from '#platform/kernel';
import { UnitOfWork } from '#platform/persistence';
import { JobQueues } from '../job-queues.js';
import type { AskedJob } from './job-request.js';
import { JobRequestRepository } from './job-request.repository.js';

/** Enqueues jobs: the request is inserted in the caller's transaction, and added to Bull after its commit. */
@Injectable()
export class JobRequests {
  constructor(
    private readonly repository: JobRequestRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly queues: JobQueues,
  ) {}

  /**
   * Enqueues a job in the current unit of work: rolled back with it, durable after its commit, independent of Redis.
   * Idempotent by queue and key, for 30 days after it is done.
   * @returns false when the same job is already enqueued.
   * @throws Error when the queue is not registered.
   */
  async request(asked: AskedJob): Promise<boolean> {
    const { queue, name } = asked;
    this.queues.get(queue);
    const inserted = await this.repository.insert(asked);
    if (!inserted) return false;
    this.unitOfWork.afterCommit(() => this.queues.announce(queue, { name, ...inserted }));
    return true;
  }

  /** Whether an enqueued job is still pending; false for a dead one, or one that was never enqueued. */
  isPending(queue: string, key: string): Promise<boolean> {
    return this.repository.isPending(queue, key);
  }

  /**
   * The earliest day before `day` whose work a daily schedule requested and that is not done yet; jobs of several days
   * run in any order.
   * @param name of the handler, and so of its schedule.
   */
  earliestPendingDay(queue: string, name: string, day: CalendarDate): Promise<CalendarDate | undefined> {
    return this.repository.earliestPendingDay(queue, name, day);
  }
}
