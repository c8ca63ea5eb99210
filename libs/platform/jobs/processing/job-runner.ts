import { Injectable } from '@nestjs/common';
import { type Job, UnrecoverableError } from 'bullmq';
import { Log, RequestContext } from '#platform/observability';
import { DailySchedules } from '../schedules/daily-schedules.js';
import { describeFailure } from './describe-failure.js';
import { contextOf, JobBatches } from './job-batches.js';
import { type DeclaredHandler, JobHandlers } from './job-handlers.js';
import { type JobRun, WorkInterrupted } from './job-handler.js';
import { JobRequestRepository } from '../requests/job-request.repository.js';
import { NoHandlerError } from './no-handler.error.js';
import { WAKE } from '../schedules/schedule-wakes.js';
import { Throttle } from './throttle.js';

/** The used members of a Bull job. */
type RunnableJob = Pick<Job, 'id' | 'name' | 'queueName'> & Partial<Pick<Job, 'updateProgress'>>;

/** Runs the requests that Bull delivers: Bull delivers at least once, PostgreSQL makes the effect exactly once. */
@Injectable()
export class JobRunner {
  private readonly running = new Set<Promise<void>>();
  private readonly complaints = new Throttle();
  private readonly stopping = new AbortController();
  private cutShort: (reason: Error) => void = () => undefined;
  private readonly cut = new Promise<never>((_, reject) => (this.cutShort = reject));

  constructor(
    private readonly handlers: JobHandlers,
    private readonly schedules: DailySchedules,
    private readonly repository: JobRequestRepository,
    private readonly batches: JobBatches,
    private readonly log: Log,
  ) {
    this.cut.catch(() => undefined);
  }

  /** Called by a Bull worker. Resolves for finished requests; @throws Error so that Bull retries. */
  async run(job: RunnableJob): Promise<void> {
    const work = job.name === WAKE ? this.schedules.tick() : this.runRequest(job);
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

  /** Signals the running jobs that support it to stop. */
  beginStop(): void {
    this.stopping.abort();
  }

  /** Returns the running jobs to Bull: the process stops, and their transactions are rolled back. */
  handBack(): void {
    this.cutShort(new Error('handed back: the worker stops'));
    this.running.clear();
  }

  private async runRequest(job: RunnableJob): Promise<void> {
    const { id = '', queueName: queue, name } = job;
    const handler = this.handlers.find(queue, name);
    // Not a failure: a newer worker has the handler, and the reconciler enqueues the request again.
    if (!handler) {
      if (this.complaints.allows(`${queue}/${name}`)) this.log.warn({ queue, job: name }, 'no handler for this job');
      throw new NoHandlerError(queue, name);
    }
    try {
      await this.batches.run({ id, handler, run: this.runOf(job) });
    } catch (error) {
      if (error instanceof WorkInterrupted) throw error;
      await RequestContext.run(contextOf(id), () => this.fail(id, handler, error));
    }
  }

  private runOf(job: RunnableJob): JobRun {
    return {
      report: (progress) => void job.updateProgress?.(progress).catch(() => undefined),
      stopping: this.stopping.signal,
    };
  }

  private async fail(id: string, { queue, name }: DeclaredHandler, error: unknown): Promise<void> {
    const reason = describeFailure(error);
    const failed = await this.repository.fail(id, reason);
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
