import { Injectable } from '@nestjs/common';
import { Clock, type Instant, newId } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { JobQueues } from './job-queues.js';
import type { JobPayload } from './job-request.js';

const INSERT = statement(`
  INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (queue, key) DO NOTHING
  RETURNING id`);

/** Work to be done later by the worker. */
export interface AskedJob {
  readonly queue: string;
  /** Which handler of the queue does it. */
  readonly name: string;
  /** What makes the same work the same, unique in its queue, e.g. `<deal id>/<date>`. */
  readonly key: string;
  /** Ids, dates and kinds only, never personal data. */
  readonly payload: JobPayload;
  /** Not before this moment; at once when left out. */
  readonly runAfter?: Instant;
}

/** Asks for work: written in the caller's transaction, told to Bull after its commit. */
@Injectable()
export class JobRequests {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly queues: JobQueues,
    private readonly clock: Clock,
  ) {}

  /**
   * Asks for work in the current unit of work: rolled back with it, certain once it commits, and no slower when Redis
   * is away. Idempotent by queue and key, for 30 days after it is done.
   * @returns false when the same work has been asked for before.
   * @throws Error when the queue is not registered.
   */
  async request(asked: AskedJob): Promise<boolean> {
    const { queue, name, key, payload } = asked;
    this.queues.get(queue);
    const now = this.clock.now();
    const runAfter = asked.runAfter ?? now;
    const id = newId();
    const inserted = await this.database.query(INSERT, [id, queue, name, key, payload, runAfter, now]);
    if (inserted.length === 0) return false;
    const delayMs = Date.parse(runAfter) - Date.parse(now);
    this.unitOfWork.afterCommit(() => this.queues.announce(queue, { id, name, delayMs }));
    return true;
  }
}
