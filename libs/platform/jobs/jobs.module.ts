import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DatabaseSettings, RedisSettings } from '#platform/config';
import { DataSource } from 'typeorm';
import { JobBoard } from './board/job-board.js';
import { JobBatches } from './processing/job-batches.js';
import { JobBatchLimits } from './processing/job-batch-limits.js';
import { BusinessTime } from './schedules/business-time.js';
import { DailySchedules } from './schedules/daily-schedules.js';
import { DeadJobs } from './processing/dead-jobs.js';
import { jobConnection, JobQueue, JobWorker } from './job-backend.js';
import { JobCounts } from './job-counts.js';
import { JobHandlers } from './processing/job-handlers.js';
import { JobMetrics } from './job-metrics.js';
import { processorOf } from './processing/job-processor.js';
import { JobProcessors } from './processing/job-processors.js';
import { JobQueues } from './job-queues.js';
import { JobReconciler } from './requests/job-reconciler.js';
import { JobRedelivery } from './requests/job-redelivery.js';
import { JobRequestRepository } from './requests/job-request.repository.js';
import { JobRequests } from './requests/job-requests.js';
import { JobRetries } from './requests/job-retries.js';
import { JobRunner } from './processing/job-runner.js';
import { JobUpkeep } from './job-upkeep.js';
import { JobWorkers } from './processing/job-workers.js';
import { ScheduleWakes } from './schedules/schedule-wakes.js';

const REQUESTING: Provider[] = [JobRetries, JobQueues, JobRequestRepository, JobRequests, JobCounts];
const WATCHING: Provider[] = [DeadJobs, JobBoard];
const SCHEDULING: Provider[] = [BusinessTime, DailySchedules, ScheduleWakes];
const PROCESSING: Provider[] = [
  JobHandlers,
  JobMetrics,
  JobBatchLimits,
  JobBatches,
  JobRunner,
  JobProcessors,
  JobWorkers,
  JobRedelivery,
  JobUpkeep,
  JobReconciler,
];

/** Disables Bull's event stream, which has no reader. */
const KEPT_EVENTS = 100;

// Bull's classes that know both backends; Bull for NestJS takes them when a queue is registered.
BullModule.queueClass = JobQueue;
BullModule.workerClass = JobWorker;

/**
 * Background jobs on Bull. A domain's core module imports `registerQueue` for the queues that it adds jobs to; its
 * worker module imports `registerProcessor` for them and provides the classes declared with `@JobHandler`.
 */
@Module({})
export class JobsModule {
  private static readonly registered = new Map<string, DynamicModule>();
  private static readonly processed = new Map<string, DynamicModule>();

  /**
   * Gives {@link JobRequests} and {@link JobCounts}, and in processes that only enqueue jobs also {@link DeadJobs},
   * {@link JobQueues} and the {@link JobBoard}.
   * @param options.worker whether jobs, schedules and the reconciler run here, from bootstrap to shutdown.
   */
  static forRoot({ worker }: { readonly worker: boolean } = { worker: false }): DynamicModule {
    return worker
      ? this.root(
          [...REQUESTING, ...SCHEDULING, ...PROCESSING],
          [JobRequests, JobCounts, JobRunner, JobMetrics, BusinessTime],
        )
      : this.root([...REQUESTING, ...WATCHING], [JobRequests, JobCounts, DeadJobs, JobQueues, JobBoard]);
  }

  /** The queues that the importing module adds jobs to; importing one again gives the same queue. */
  static registerQueue(...names: string[]): DynamicModule {
    return { module: JobsModule, imports: names.map((name) => this.queue(name)) };
  }

  /** Runs the jobs of these queues in the importing application, whose {@link forRoot} needs `worker`. */
  static registerProcessor(...names: string[]): DynamicModule {
    return { module: JobsModule, imports: names.map((name) => this.processor(name)) };
  }

  private static root(providers: Provider[], exported: NonNullable<DynamicModule['exports']>): DynamicModule {
    const bull = BullModule.forRootAsync({
      // Bull never repeats its first connection: the queues are created when TypeORM is connected (decision 35).
      inject: [RedisSettings, DatabaseSettings, DataSource],
      useFactory: (redis: RedisSettings, database: DatabaseSettings) => ({
        connection: jobConnection(redis, database),
      }),
    });
    return { module: JobsModule, global: true, imports: [DiscoveryModule, bull], providers, exports: exported };
  }

  private static queue(name: string): DynamicModule {
    const known = this.registered.get(name);
    if (known) return known;
    // The hash tag places a queue's keys on one node of a Redis cluster.
    const queue = BullModule.registerQueue({
      name,
      prefix: `crm:{${name}}`,
      streams: { events: { maxLen: KEPT_EVENTS } },
    });
    this.registered.set(name, queue);
    return queue;
  }

  private static processor(name: string): DynamicModule {
    const known = this.processed.get(name);
    if (known) return known;
    const processor = { module: JobsModule, imports: [this.queue(name)], providers: [processorOf(name)] };
    this.processed.set(name, processor);
    return processor;
  }
}
