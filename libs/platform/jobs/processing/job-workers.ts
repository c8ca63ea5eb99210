import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { Log } from '#platform/observability';
import type { JobWorker } from '../job-backend.js';
import { JobBatches } from './job-batches.js';
import { JobProcessors } from './job-processors.js';
import { JobRunner } from './job-runner.js';
import { Throttle } from './throttle.js';

/** Time of closing when no job is running. */
const CLOSE_WITHIN_MS = 1_000;

/** Starts the queues' workers after all modules, and stops them before any module is destroyed. */
@Injectable()
export class JobWorkers implements OnApplicationBootstrap, OnModuleDestroy {
  private workers: readonly JobWorker[] = [];
  private readonly complaints = new Throttle();

  constructor(
    private readonly processors: JobProcessors,
    private readonly runner: JobRunner,
    private readonly runtime: RuntimeSettings,
    private readonly batches: JobBatches,
    private readonly log: Log,
  ) {}

  /** @throws Error when handlers and processed queues do not match. */
  onApplicationBootstrap(): void {
    this.workers = this.processors.workers();
    for (const worker of this.workers) this.run(worker);
  }

  /** Takes no new jobs, lets running ones finish within the shutdown time-out, and returns the rest to Bull. */
  async onModuleDestroy(): Promise<void> {
    this.runner.beginStop();
    const deadline = new AbortController();
    const closed = Promise.all(this.workers.map((worker) => this.close(worker)));
    const late = delay(this.runtime.shutdownTimeoutMs, 'late' as const, { signal: deadline.signal });
    if ((await Promise.race([closed, late])) === 'late') {
      this.log.warn({ queues: this.workers.map(({ name }) => name) }, 'jobs still running are handed back');
      this.runner.handBack();
      await Promise.race([closed, delay(CLOSE_WITHIN_MS, undefined, { signal: deadline.signal })]);
      for (const worker of this.workers) worker.abandon();
    }
    deadline.abort();
    await late.catch(() => undefined);
  }

  private run(worker: JobWorker): void {
    worker.concurrency = this.batches.bullConcurrencyOf(worker.name);
    worker.on('error', (error) => {
      if (!this.complaints.allows(error.message)) return;
      this.log.warn({ err: error, queue: worker.name }, 'Bull worker failing');
    });
    worker.on('stalled', (id) => this.log.warn({ queue: worker.name, job_request_id: id }, 'job of a lost worker'));
    void worker.run().catch((error: unknown) => {
      this.log.error({ err: error, queue: worker.name }, 'Bull worker ended');
    });
  }

  private async close(worker: JobWorker): Promise<void> {
    if (worker.isConnected) return worker.close();
    await this.runner.idle();
    await worker.close(true);
  }
}
