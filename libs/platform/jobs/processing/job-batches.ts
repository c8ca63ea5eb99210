import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WorkerSettings } from '#platform/config';
import { RequestContext, type RequestFacts } from '#platform/observability';
import { Batches, UnitOfWork } from '#platform/persistence';
import { JobRequestRepository } from '../requests/job-request.repository.js';
import { JobBatchLimits } from './job-batch-limits.js';
import { type JobRun, WorkInterrupted } from './job-handler.js';
import { type DeclaredHandler, JobHandlers } from './job-handlers.js';

/** A delivered request with its handler. */
export interface DeliveredJob {
  readonly id: string;
  readonly handler: DeclaredHandler;
  readonly run: JobRun;
}

type Outcome = PromiseSettledResult<void>;

/**
 * Runs the delivered requests of each queue. Those that wait at the same time share a transaction: one statement claims
 * them, one marks them done, one commit makes their effects durable. If the transaction fails, each of them runs by
 * itself, so that one bad request fails alone.
 */
@Injectable()
export class JobBatches {
  private readonly queues = new Map<
    string,
    { shared: Batches<DeliveredJob, Outcome>; single: Batches<DeliveredJob, Outcome> }
  >();

  constructor(
    private readonly repository: JobRequestRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly handlers: JobHandlers,
    private readonly limits: JobBatchLimits,
    private readonly settings: WorkerSettings,
  ) {}

  /** How many requests of a queue this process takes from Bull: enough to fill its batches. */
  bullConcurrencyOf(queue: string): number {
    const { jobConcurrency } = this.settings;
    return this.handlers.hasBatchedJobs(queue) ? jobConcurrency * this.limits.maxBatchSize : jobConcurrency;
  }

  /** Resolves once the request is done or needs no run. @throws what its handler threw. */
  async run(job: DeliveredJob): Promise<void> {
    const { shared, single } = this.batchesOf(job.handler.queue);
    const outcome = await (job.handler.batched ? shared : single).add(job);
    if (outcome.status === 'rejected') throw outcome.reason;
  }

  private batchesOf(queue: string): { shared: Batches<DeliveredJob, Outcome>; single: Batches<DeliveredJob, Outcome> } {
    let batches = this.queues.get(queue);
    if (!batches) {
      const maxConcurrent = this.settings.jobConcurrency;
      const { maxBatchSize } = this.limits;
      batches = {
        shared: new Batches((jobs) => this.runAll(jobs), { maxConcurrent, maxBatchSize }),
        single: new Batches((jobs) => this.runEach(jobs), { maxConcurrent, maxBatchSize: 1 }),
      };
      this.queues.set(queue, batches);
    }
    return batches;
  }

  private async runAll(jobs: readonly DeliveredJob[]): Promise<readonly Outcome[]> {
    if (jobs.length === 1) return this.runEach(jobs);
    let done = 0;
    try {
      while (done < jobs.length && !jobs[done]!.run.stopping.aborted) {
        done += await this.inOneTransaction(jobs.slice(done));
      }
    } catch {
      // The jobs that are left run one by one, and each records its own failure.
    }
    return [...jobs.slice(0, done).map(() => DONE), ...(await this.runEach(jobs.slice(done)))];
  }

  private async runEach(jobs: readonly DeliveredJob[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const job of jobs) outcomes.push(...(await Promise.allSettled([this.runAlone(job)])));
    return outcomes;
  }

  /** Runs one job; after shutdown begins, throws so that another worker runs it. */
  private async runAlone(job: DeliveredJob): Promise<void> {
    if (job.run.stopping.aborted) throw new WorkInterrupted();
    if (job.handler.transactional) await this.inOneTransaction([job]);
    else await this.runThenMarkDone(job);
  }

  /** @returns the number of leading jobs that were run or skipped. */
  private inOneTransaction(jobs: readonly DeliveredJob[]): Promise<number> {
    return this.unitOfWork.run(async () => {
      const deadline = performance.now() + this.limits.maxMs;
      const claimed = await this.repository.claim(jobs.map(({ id }) => id));
      const finished: string[] = [];
      let count = 0;
      for (const { id, handler, run } of jobs) {
        if (count > 0 && (performance.now() >= deadline || run.stopping.aborted)) break;
        count += 1;
        const request = claimed.get(id);
        if (!request) continue;
        await RequestContext.run(contextOf(id), () => handler.instance.handle(request, run));
        finished.push(id);
      }
      if (finished.length > 0) await this.repository.finish(finished);
      return count;
    });
  }

  private async runThenMarkDone({ id, handler, run }: DeliveredJob): Promise<void> {
    const request = await this.repository.find(id);
    if (!request) return;
    await RequestContext.run(contextOf(id), () => handler.instance.handle(request, run));
    await this.repository.finish([id]);
  }
}

const DONE: Outcome = { status: 'fulfilled', value: undefined };

/** The request's id is also the id of its trace. */
export function contextOf(id: string): RequestFacts {
  const traceId = id.replaceAll('-', '');
  return { requestId: id, traceId, traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
}
