import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, type Type } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JobWorker } from '../job-backend.js';
import { JobMetrics } from '../job-metrics.js';
import { JobRunner } from './job-runner.js';

/** Time without renewal after which the lock of a dead process expires. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 10_000;
/** Bull repeats a job whose worker died without limit: PostgreSQL knows whether it is done. */
const MAX_STALLS = 1_000;
/** Delay after a command that failed because Redis is away; a closing worker waits for it too. */
const RETRY_CONNECTION_MS = 500;

/** Takes a queue's jobs from Bull and hands them to the {@link JobRunner}. */
@Injectable()
export abstract class JobProcessor extends WorkerHost {
  constructor(
    private readonly runner: JobRunner,
    private readonly metrics: JobMetrics,
  ) {
    super();
  }

  process(job: Job): Promise<void> {
    return this.metrics.time(job.queueName, job.name, () => this.runner.run(job));
  }

  /** The queue's worker, made by Bull for NestJS from the class that the JobsModule gave it. */
  get jobWorker(): JobWorker {
    const worker: unknown = this.worker;
    if (!(worker instanceof JobWorker)) throw new Error('Bull for NestJS was loaded before the JobsModule');
    return worker;
  }
}

/** The class that processes `queue`: Bull for NestJS binds a class to one queue. */
export function processorOf(queue: string): Type<JobProcessor> {
  // Started by JobWorkers once every module is there.
  @Processor(queue, {
    autorun: false,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: MAX_STALLS,
    runRetryDelay: RETRY_CONNECTION_MS,
  })
  class QueueProcessor extends JobProcessor {}
  return QueueProcessor;
}
