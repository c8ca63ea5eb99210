import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Log } from '#platform/observability';
import { describeConnection, JobQueue } from './job-backend.js';
import { JobRetries } from './requests/job-retries.js';
import { Throttle } from './processing/throttle.js';

/** A request on its way to Bull. */
export interface DueJob {
  readonly id: string;
  readonly name: string;
  /** Milliseconds until it may run. */
  readonly delayMs: number;
}

const READY_WITHIN_MS = 5_000;
/** A server that reports no error may be slow: at the first start PostgreSQL makes Bull's tables. */
const MAX_SILENT_CHECKS = 12;
/** Maximum number of requests that wait to be added to Bull; the reconciler adds the others. */
const MAX_WAITING_JOBS = 10_000;
const BATCH = 500;

/** The Bull queues of this application, and the way of requests into them. */
@Injectable()
export class JobQueues implements OnModuleInit {
  private known: ReadonlyMap<string, JobQueue> | undefined;
  private readonly waiting = new Map<string, DueJob[]>();
  private readonly enqueueing = new Set<string>();
  private readonly complaints = new Throttle();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly retries: JobRetries,
    private readonly log: Log,
  ) {}

  /** @throws Error naming the server when it can't be reached. */
  async onModuleInit(): Promise<void> {
    for (const queue of this.all) {
      queue.on('error', (error) => {
        if (this.complaints.allows(error.message))
          this.log.warn({ err: error, queue: queue.name }, 'Bull queue failing');
      });
    }
    await Promise.all(this.all.map((queue) => ready(queue)));
  }

  /** Every queue registered with `JobsModule.registerQueue`. */
  get all(): readonly JobQueue[] {
    return [...this.registered.values()];
  }

  /** @throws Error when the queue is not registered. */
  get(name: string): JobQueue {
    const queue = this.registered.get(name);
    if (!queue) throw new Error(`no queue ${name}: import JobsModule.registerQueue('${name}')`);
    return queue;
  }

  /**
   * Adds a request's job soon, without waiting for Bull or failing with it: what does not get through is added by the
   * reconciler.
   */
  announce(queue: string, job: DueJob): void {
    const waiting = this.waiting.get(queue) ?? [];
    this.waiting.set(queue, waiting);
    if (waiting.length >= MAX_WAITING_JOBS) return;
    waiting.push(job);
    if (!this.enqueueing.has(queue)) void this.enqueue(queue, waiting);
  }

  /** Adds jobs that Bull does not know yet; for those it knows nothing changes. */
  async add(queue: string, jobs: readonly DueJob[]): Promise<void> {
    await this.get(queue).addBulk(
      jobs.map(({ id, name, delayMs }) => ({
        name,
        data: {},
        opts: {
          jobId: id,
          delay: Math.max(0, delayMs),
          attempts: this.retries.attempts,
          backoff: { type: 'exponential', delay: this.retries.backoffMs },
          // PostgreSQL stores finished and failed requests; Bull contains pending ones only.
          removeOnComplete: true,
          removeOnFail: true,
        },
      })),
    );
  }

  /** Adds one batch after another; requests made meanwhile form the next batch. */
  private async enqueue(queue: string, waiting: DueJob[]): Promise<void> {
    this.enqueueing.add(queue);
    try {
      while (waiting.length > 0) await this.add(queue, waiting.splice(0, BATCH));
    } catch (error) {
      waiting.length = 0;
      if (this.complaints.allows(queue))
        this.log.warn({ err: error, queue }, 'jobs not added yet, the reconciler will');
    } finally {
      this.enqueueing.delete(queue);
    }
  }

  private get registered(): ReadonlyMap<string, JobQueue> {
    this.known ??= new Map(
      this.discovery
        .getProviders()
        .map(({ instance }: { instance: unknown }) => instance)
        .filter((instance) => instance instanceof JobQueue)
        .map((queue) => [queue.name, queue]),
    );
    return this.known;
  }
}

async function ready(queue: JobQueue): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let silences = 0;
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      silences += 1;
      if (queue.lastError || silences === MAX_SILENT_CHECKS) reject(queue.lastError ?? new Error('no answer'));
    }, READY_WITHIN_MS);
  });
  try {
    await Promise.race([queue.waitUntilReady(), late]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${describeConnection(queue.opts.connection)} can't be reached for queues: ${reason}`, {
      cause: error,
    });
  } finally {
    clearInterval(timer);
  }
}
