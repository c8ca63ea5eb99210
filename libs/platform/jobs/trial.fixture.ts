import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConfigModule } from '#platform/config';
import { type CalendarDate, Clock, type Instant, newId } from '#platform/kernel';
import { ObservabilityModule } from '#platform/observability';
import { Database, PersistenceModule, runMigrations, statement } from '#platform/persistence';
import { Redis } from 'ioredis';
import pg from 'pg';
import { Jobs1764000003000 } from '../../../migrations/1764000003000-jobs.js';
import { DailySchedule, type HandlesJobs, JobHandler } from './job-handler.js';
import type { JobRequest } from './job-request.js';
import { JobRetries } from './job-retries.js';
import { JobsModule } from './jobs.module.js';

const GENEROUS_MS = 40_000;

/** The queue of every trial handler. */
export const QUEUE = 'trial';

const EFFECT = statement('INSERT INTO public.effects (key) VALUES ($1)');

/** A clock that stands still until it is moved. */
export class TrialClock extends Clock {
  constructor(public at: Instant) {
    super();
  }

  now(): Instant {
    return this.at;
  }

  /** Goes on by `seconds`. */
  pass(seconds: number): void {
    this.at = new Date(Date.parse(this.at) + seconds * 1_000).toISOString();
  }
}

/** Holds handlers back while it is shut, and tells who has come. */
export class Gate {
  private opened = Promise.resolve();
  private release: () => void = () => undefined;
  readonly arrivals: string[] = [];

  shut(): void {
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  open(): void {
    this.release();
  }

  async pass(key: string): Promise<void> {
    this.arrivals.push(key);
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

/** One database of a test file, and where its workers keep their queues. */
export class Trial {
  readonly clock = new TrialClock('2026-03-02T02:00:00.000Z');
  readonly gate = new Gate();
  readonly sql: pg.Client;
  private readonly apps: INestApplicationContext[] = [];

  private constructor(
    private readonly url: string,
    private readonly redisAt: { readonly host: string; readonly port: number } | undefined,
  ) {
    this.sql = new pg.Client({ connectionString: url });
  }

  /** @param redisAt undefined for queues in PostgreSQL. */
  static async begin(redisAt: { host: string; port: number } | undefined): Promise<Trial> {
    const server = required('CRM_TEST_DATABASE_URL');
    const url = new URL(server);
    url.pathname = `/jobs_${newId().replaceAll('-', '')}`;
    await withClient(server, (client) => client.query(`CREATE DATABASE ${url.pathname.slice(1)}`));
    await runMigrations(url.toString(), [Jobs1764000003000]);
    const trial = new Trial(url.toString(), redisAt);
    await trial.sql.connect();
    await trial.sql.query('CREATE TABLE public.effects (key text)');
    return trial;
  }

  /** A worker, or as `api` an application that only asks; stopped by {@link rest}. */
  async start(role: 'worker' | 'api' = 'worker', env: NodeJS.ProcessEnv = {}): Promise<INestApplicationContext> {
    const asking = [
      ConfigModule.forRoot({ ...this.env(), ...env }),
      ObservabilityModule,
      PersistenceModule.forRoot('crm-trial'),
      JobsModule.queues(QUEUE),
    ];
    const working = [JobsModule.forWorker(), JobsModule.processing(QUEUE)];
    const app = await Test.createTestingModule({
      imports: role === 'worker' ? [...asking, ...working] : [...asking, JobsModule.forRoot()],
      providers: role === 'worker' ? [WriteJob, BreakJob, WriteInPartsJob, ReviewDayJob, Gate] : [],
    })
      .overrideProvider(Clock)
      .useValue(this.clock)
      .overrideProvider(Gate)
      .useValue(this.gate)
      .overrideProvider(JobRetries)
      .useValue({ attempts: 3, backoffMs: 10 })
      .compile();
    this.apps.push(app);
    return app.init();
  }

  /** Loses everything Bull knows of the queue, as FLUSHALL would. */
  async forget(): Promise<void> {
    if (!this.redisAt) {
      const { rows } = await this.sql.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
          WHERE schemaname = 'bull' AND tablename <> 'migration'`,
      );
      // Each by itself: workers are at these tables meanwhile.
      for (const { name } of rows) await this.sql.query(`DELETE FROM ${name}`);
      return;
    }
    const redis = new Redis({ ...redisServer() });
    const keys = await redis.keys(`crm:{${QUEUE}}*`);
    if (keys.length > 0) await redis.del(keys);
    await redis.quit();
  }

  /** Keys of the effects written, sorted, duplicates and all. */
  async effects(): Promise<string[]> {
    const { rows } = await this.sql.query<{ key: string }>('SELECT key FROM public.effects ORDER BY key');
    return rows.map(({ key }) => key);
  }

  async requests(): Promise<{ key: string; state: string; attempts: number; last_error: string | null }[]> {
    return (await this.sql.query('SELECT key, state, attempts, last_error FROM crm.job_requests ORDER BY key')).rows;
  }

  /** Stops every application started and clears all there is. */
  async rest(): Promise<void> {
    this.gate.open();
    await Promise.all(this.apps.splice(0).map((app) => app.close()));
    this.gate.arrivals.length = 0;
    await this.forget();
    await this.sql.query('TRUNCATE crm.job_requests, crm.job_schedules, public.effects');
  }

  async end(): Promise<void> {
    await this.sql.end();
    const name = new URL(this.url).pathname.slice(1);
    await withClient(required('CRM_TEST_DATABASE_URL'), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  private env(): NodeJS.ProcessEnv {
    return {
      NODE_ENV: 'test',
      CRM_DATABASE_URL: this.url,
      CRM_JWT_ACCESS_SECRET: 'not a secret, but long enough for HS256',
      CRM_LOG_LEVEL: 'silent',
      CRM_JOB_CONCURRENCY: '1',
      CRM_RECONCILE_MS: '100',
      ...(this.redisAt ? { REDIS_HOST: this.redisAt.host, REDIS_PORT: String(this.redisAt.port) } : {}),
    };
  }
}

/** The test run's Redis. */
export function redisServer(): { host: string; port: number } {
  return { host: required('CRM_TEST_REDIS_HOST'), port: Number(required('CRM_TEST_REDIS_PORT')) };
}

/**
 * Asks again and again until `holds` says so.
 * @throws Error when it has not come true for a generous while.
 */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + GENEROUS_MS; !(await holds()); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`never came true: ${holds.toString()}`);
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is unset: run the integration tests through their jest project`);
  return value;
}
