import { randomUUID } from 'node:crypto';
import type { INestApplicationContext } from '@nestjs/common';
import { type CalendarDate, Clock } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import {
  createTestDatabase,
  FixedClock,
  startTestModule,
  type TestDatabase,
  testEnvironment,
  type TestServers,
  until,
} from '#platform/testing';
import { Redis } from 'ioredis';
import { Jobs1764000003000 } from '../../../migrations/1764000003000-jobs.js';
import { Leases1764000025000 } from '../../../migrations/1764000025000-leases.js';
import { DailySchedule, type HandlesJobs, JobHandler } from './processing/job-handler.js';
import type { JobRequest } from './requests/job-request.js';
import { JobBatchLimits } from './processing/job-batch-limits.js';
import { JobRetries } from './requests/job-retries.js';
import { JobsModule } from './jobs.module.js';

/** 05:00 in Moscow. */
const START_TIME = '2026-03-02T02:00:00.000Z';
const QUICK = { CRM_JOB_CONCURRENCY: '1', CRM_RECONCILE_MS: '100' };

/** A slow machine does not split a batch. */
const BATCH_LIMITS = { maxBatchSize: 10, maxMs: 600_000 };

/** The queue of every harness handler; of one test file, since others use the same Redis at the same time. */
export const QUEUE = `harness-${randomUUID()}`;

const EFFECT = statement('INSERT INTO public.effects (key) VALUES ($1)');

/** Blocks handlers while it is shut, and records which entered. */
export class Gate {
  private opened = Promise.resolve();
  private release: () => void = () => undefined;
  readonly entered: string[] = [];

  shut(): void {
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  open(): void {
    this.release();
  }

  async pass(key: string): Promise<void> {
    this.entered.push(key);
    await this.opened;
  }
}

@JobHandler({ queue: QUEUE, name: 'write' })
class WriteJob implements HandlesJobs {
  constructor(
    private readonly database: Database,
    private readonly gate: Gate,
  ) {}

  async handle({ key }: JobRequest): Promise<void> {
    await this.database.query(EFFECT, [key]);
    await this.gate.pass(key);
  }
}

@JobHandler({ queue: QUEUE, name: 'break' })
class BreakJob implements HandlesJobs {
  constructor(private readonly database: Database) {}

  async handle({ key }: JobRequest): Promise<void> {
    await this.database.query(EFFECT, [key]);
    throw new RangeError('the deal has no executor');
  }
}

@JobHandler({ queue: QUEUE, name: 'write-alone', batched: false })
class WriteAloneJob extends WriteJob {}

@JobHandler({ queue: QUEUE, name: 'write-in-parts', transactional: false })
class WriteInPartsJob implements HandlesJobs {
  constructor(private readonly database: Database) {}

  async handle({ key, attempts }: JobRequest): Promise<void> {
    await this.database.query(EFFECT, [`${key}/${attempts}`]);
    if (attempts === 0) throw new RangeError('broke off after the first part');
  }
}

@DailySchedule({ at: '06:00' })
@JobHandler({ queue: QUEUE, name: 'review-day' })
class ReviewDayJob implements HandlesJobs {
  constructor(private readonly database: Database) {}

  async handle({ payload }: JobRequest<{ day: CalendarDate }>): Promise<void> {
    await this.database.query(EFFECT, [payload.day]);
  }
}

type RedisServer = NonNullable<TestServers['redis']>;

/** Harness of a test file: one database, and the backend of its workers' queues. */
export class JobsHarness {
  readonly clock = new FixedClock(START_TIME);
  readonly gate = new Gate();
  /** Changes apply to the applications started. */
  readonly batchLimits = { ...BATCH_LIMITS };
  private readonly apps: INestApplicationContext[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly redis: RedisServer | undefined,
  ) {}

  /** @param redis undefined for queues in PostgreSQL. */
  static async create(redis: RedisServer | undefined): Promise<JobsHarness> {
    const database = await createTestDatabase([Jobs1764000003000, Leases1764000025000]);
    await database.rows('CREATE TABLE public.effects (key text, transaction text DEFAULT txid_current())');
    return new JobsHarness(database, redis);
  }

  /** A worker, or as `api` an application that only asks; stopped by {@link reset}. */
  async start(role: 'worker' | 'api' = 'worker', more: Record<string, string> = {}): Promise<INestApplicationContext> {
    const isWorker = role === 'worker';
    const roleModules = isWorker
      ? [JobsModule.forRoot({ worker: true }), JobsModule.registerProcessor(QUEUE)]
      : [JobsModule.forRoot()];
    const app = await startTestModule(testEnvironment(this.servers, { ...QUICK, ...more }), {
      imports: [JobsModule.registerQueue(QUEUE), ...roleModules],
      providers: isWorker ? [WriteJob, WriteAloneJob, BreakJob, WriteInPartsJob, ReviewDayJob, Gate] : [],
      overrides: [
        { provide: Clock, useValue: this.clock },
        { provide: Gate, useValue: this.gate },
        { provide: JobRetries, useValue: { attempts: 3, backoffMs: 10 } },
        { provide: JobBatchLimits, useValue: this.batchLimits },
      ],
    });
    this.apps.push(app);
    return app;
  }

  /** Loses everything Bull knows of the queue, as FLUSHALL would. */
  async forget(): Promise<void> {
    if (!this.redis) {
      const tables = await this.database.rows<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
          WHERE schemaname = 'bull' AND tablename <> 'migration'`,
      );
      // One statement each, because workers use these tables meanwhile.
      for (const { name } of tables) await this.database.rows(`DELETE FROM ${name}`);
      return;
    }
    // At the server itself: a test may have taken the way there away.
    const client = new Redis({ ...this.redis, ...redisServer() });
    const keys = await client.keys(`crm:{${QUEUE}}*`);
    if (keys.length > 0) await client.del(keys);
    await client.quit();
  }

  /** Keys of the effects written, sorted, duplicates and all. */
  async effects(): Promise<string[]> {
    const rows = await this.database.rows<{ key: string }>('SELECT key FROM public.effects ORDER BY key');
    return rows.map(({ key }) => key);
  }

  /** Number of transactions that wrote these effects. */
  async transactionsOf(keys: readonly string[]): Promise<number> {
    const [row] = await this.database.rows<{ count: number }>(
      'SELECT count(DISTINCT transaction)::int AS count FROM public.effects WHERE key = ANY ($1)',
      [keys],
    );
    return row!.count;
  }

  requests(): Promise<{ id: string; key: string; state: string; attempts: number; last_error: string | null }[]> {
    return this.database.rows('SELECT id, key, state, attempts, last_error FROM crm.job_requests ORDER BY key');
  }

  /** Waits until so many requests are done. */
  async done(count: number): Promise<void> {
    await until(async () => (await this.requests()).filter(({ state }) => state === 'done').length === count);
  }

  /** Stops every application started and clears all there is. */
  async reset(): Promise<void> {
    this.gate.open();
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
    this.gate.entered.length = 0;
    await this.forget();
    await this.database.rows('TRUNCATE crm.job_requests, crm.job_schedules, public.effects');
    this.clock.set(START_TIME);
    Object.assign(this.batchLimits, BATCH_LIMITS);
  }

  private get servers(): TestServers {
    return { databaseUrl: this.database.url, ...(this.redis && { redis: this.redis }) };
  }
}

/** The test run's Redis. */
export function redisServer(): RedisServer {
  const { CRM_TEST_REDIS_HOST: host, CRM_TEST_REDIS_PORT: port } = process.env;
  if (!host || !port) throw new Error('CRM_TEST_REDIS_HOST is unset: run the test through its jest project');
  return { host, port: Number(port) };
}
