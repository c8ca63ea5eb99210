import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Job, UnrecoverableError } from 'bullmq';
import { Clock } from '#platform/kernel';
import { Log, RequestContext } from '#platform/observability';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { DailySchedules, WAKE } from './daily-schedules.js';
import { describeFailure } from './describe-failure.js';
import { JobHandlers, type DeclaredHandler } from './job-handlers.js';
import type { JobRequest } from './job-request.js';
import { JobRetries } from './job-retries.js';
import { Throttle } from './throttle.js';

/** The row stays locked until the transaction ends, so a second delivery meanwhile finds nothing to do. */
const CLAIM = statement(`
  UPDATE crm.job_requests SET state = 'done', finished_at = $2
   WHERE id = (SELECT id FROM crm.job_requests WHERE id = $1 AND state = 'pending' FOR UPDATE SKIP LOCKED)
  RETURNING id, queue, name, key, payload, attempts`);

const FIND = statement(`
  SELECT id, queue, name, key, payload, attempts FROM crm.job_requests WHERE id = $1 AND state = 'pending'`);

const FINISH = statement(`
  UPDATE crm.job_requests SET state = 'done', finished_at = $2 WHERE id = $1 AND state = 'pending'`);

const FAIL = statement(`
  UPDATE crm.job_requests
     SET attempts = attempts + 1,
         last_error = $2,
         state = CASE WHEN attempts + 1 >= $3 THEN 'failed' ELSE 'pending' END,
         finished_at = CASE WHEN attempts + 1 >= $3 THEN $4::timestamptz END
   WHERE id = $1 AND state = 'pending'
  RETURNING attempts, state`);

/** Runs the requests that Bull delivers: at least once by Bull, exactly once in effect by PostgreSQL. */
@Injectable()
export class JobRunner {
  private readonly running = new Set<Promise<void>>();
  private readonly complaints = new Throttle();
  private cutShort: (reason: Error) => void = () => undefined;
  private readonly cut = new Promise<never>((_, reject) => (this.cutShort = reject));

  constructor(
    private readonly handlers: JobHandlers,
    private readonly schedules: DailySchedules,
    private readonly retries: JobRetries,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.cut.catch(() => undefined);
  }

  /** What a Bull worker calls. Resolves for work already done; @throws Error for Bull to try again. */
  async run(job: Pick<Job, 'id' | 'name' | 'queueName'>): Promise<void> {
    const work = job.name === WAKE ? this.schedules.tick() : this.runRequest(job.id!, job.queueName, job.name);
    this.running.add(work);
    try {
      await Promise.race([work, this.cut]);
    } finally {
      this.running.delete(work);
    }
  }

  /** Resolves when no job is running. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  /** Hands the jobs that are still running back to Bull: the process stops, and their transactions with it. */
  handBack(): void {
    this.cutShort(new Error('handed back: the worker stops'));
    this.running.clear();
  }

  private async runRequest(id: string, queue: string, name: string): Promise<void> {
    const handler = this.handlers.find(queue, name);
    // Not a failure of the work: a newer worker has the handler, and the reconciler offers the request again.
    if (!handler) {
      if (this.complaints.allows(`${queue}/${name}`)) this.log.warn({ queue, job: name }, 'no handler for this job');
      throw new UnrecoverableError(`no handler for ${queue}/${name} in this worker`);
    }
    await RequestContext.run(contextOf(id), async () => {
      try {
        if (handler.transactional) await this.inOneTransaction(id, handler);
        else await this.thenMark(id, handler);
      } catch (error) {
        await this.fail(id, handler, error);
      }
    });
  }

  private async inOneTransaction(id: string, handler: DeclaredHandler): Promise<void> {
    await this.unitOfWork.run(async () => {
      const request = await this.database.first<JobRequest>(CLAIM, [id, this.clock.now()]);
      if (request) await handler.instance.handle(request);
    });
  }

  private async thenMark(id: string, handler: DeclaredHandler): Promise<void> {
    const request = await this.database.first<JobRequest>(FIND, [id]);
    if (!request) return;
    await handler.instance.handle(request);
    await this.database.query(FINISH, [id, this.clock.now()]);
  }

  private async fail(id: string, { queue, name }: DeclaredHandler, error: unknown): Promise<void> {
    const reason = describeFailure(error);
    const failed = await this.database.first<{ attempts: number; state: string }>(FAIL, [
      id,
      reason,
      this.retries.attempts,
      this.clock.now(),
    ]);
    if (!failed) return;
    const facts = { queue, job: name, attempts: failed.attempts, err: error };
    if (failed.state === 'failed') {
      this.log.error(facts, 'job failed for good');
      throw new UnrecoverableError(reason);
    }
    this.log.warn(facts, 'job failed, to be tried again');
    throw new Error(reason);
  }
}

/** The request's id is the id of its trace too. */
function contextOf(id: string): { requestId: string; traceId: string; traceparent: string } {
  const traceId = id.replaceAll('-', '');
  return { requestId: id, traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
}
