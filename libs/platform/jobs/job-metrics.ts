import { Injectable } from '@nestjs/common';
import { Metrics } from '#platform/observability';
import { UnrecoverableError } from 'bullmq';
import { NoHandlerError } from './processing/no-handler.error.js';

/** Outcome of a run: `retried` will run again, `dead` waits for an operator, `refused` has no handler here. */
type Outcome = 'done' | 'retried' | 'dead' | 'refused';

/** From a quick reminder to an import of a million rows, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800];

/** Times the runs of jobs by queue, job and outcome; its counts are those of runs and failures. */
@Injectable()
export class JobMetrics {
  private readonly duration;

  constructor(metrics: Metrics) {
    const labels = ['queue', 'job', 'outcome'] as const;
    this.duration = metrics.duration('crm_job_duration_seconds', 'Time of one run of a Bull job', labels, BUCKETS);
  }

  /** Times `run`, and rethrows its errors. */
  async time(queue: string, job: string, run: () => Promise<void>): Promise<void> {
    const stop = this.duration.startTimer({ queue, job });
    let outcome: Outcome = 'done';
    try {
      await run();
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      stop({ outcome });
    }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof NoHandlerError) return 'refused';
  return error instanceof UnrecoverableError ? 'dead' : 'retried';
}
