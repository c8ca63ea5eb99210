import type { JobRetryStatus, QueueJob, QueueJobJson } from '@bull-board/api/typings/app';
import type { DeadJobs, DeadRequest } from '../processing/dead-jobs.js';

/** A dead request in the shape of a Bull job, for the board. */
export class DeadJob implements QueueJob {
  readonly opts = {};

  constructor(
    private readonly deadJobs: DeadJobs,
    private readonly queue: string,
    private readonly request: DeadRequest,
  ) {}

  async retry(_state?: JobRetryStatus): Promise<void> {
    await this.deadJobs.retry(this.queue, this.request.id);
  }

  async remove(): Promise<void> {
    await this.deadJobs.discard(this.queue, this.request.id);
  }

  promote(): Promise<void> {
    return Promise.reject(new Error('A job that failed waits for a person: retry it.'));
  }

  getState(): Promise<'failed'> {
    return Promise.resolve('failed');
  }

  toJSON(): QueueJobJson {
    const { id, name, key, payload, attempts, last_error, run_after, created_at, finished_at } = this.request;
    return {
      id,
      name,
      data: { key, ...payload },
      progress: 0,
      attemptsMade: attempts,
      timestamp: Date.parse(created_at),
      processedOn: Date.parse(run_after),
      finishedOn: Date.parse(finished_at),
      failedReason: last_error ?? 'unknown',
      stacktrace: [],
      returnvalue: null,
      opts: {},
    };
  }
}
