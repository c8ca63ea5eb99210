import { Injectable } from '@nestjs/common';
import { WorkerSettings } from '#platform/config';
import { Clock, type Instant, instant } from '#platform/kernel';
import { Log } from '#platform/observability';
import { ADVISORY_LOCKS, Database, statement } from '#platform/persistence';
import { DailySchedules } from './daily-schedules.js';
import { type DueJob, JobQueues } from './job-queues.js';
import { Throttle } from './throttle.js';

/** A request younger than this is still on its way to Bull. */
const GRACE_MS = 5_000;
const BATCH = 500;
/** Batches looked through in one run; the next run goes on from there. */
const MOST_BATCHES = 40;
const PURGE_BATCH = 1_000;
const MOST_PURGE_BATCHES = 10;
const KEEP_DONE_MS = 30 * 24 * 3_600_000;

const DUE = statement(`
  SELECT id, queue, name, run_after
    FROM crm.job_requests
   WHERE state = 'pending' AND run_after <= $1 AND queue = ANY ($2::text[]) AND (run_after, id) > ($3, $4::uuid)
   ORDER BY run_after, id
   LIMIT ${BATCH}`);

const PURGE = statement(`
  DELETE FROM crm.job_requests WHERE id = ANY (ARRAY(
    SELECT id FROM crm.job_requests WHERE state = 'done' AND finished_at < $1 ORDER BY finished_at LIMIT ${PURGE_BATCH}
  )) RETURNING id`);

interface DueRow {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly run_after: Instant;
}

const BEGINNING = { runAfter: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/** Puts back into Bull what a lost or restarted Redis forgot, catches schedules up, and clears away old work. */
@Injectable()
export class JobReconciler {
  private readonly complaints = new Throttle();
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> | undefined;
  private stopped = false;
  private reached = BEGINNING;

  constructor(
    private readonly database: Database,
    private readonly queues: JobQueues,
    private readonly schedules: DailySchedules,
    private readonly clock: Clock,
    private readonly settings: WorkerSettings,
    private readonly log: Log,
  ) {}

  /** Reconciles now and again and again, until stopped. */
  start(): void {
    this.current = this.run().finally(() => {
      if (!this.stopped) this.timer = setTimeout(() => this.start(), this.settings.reconcileMs);
    });
  }

  /** Resolves when a run in hand has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.current;
  }

  /** One run, unless another worker is at it; a step that fails does not keep the others from theirs. */
  async run(): Promise<void> {
    await this.attempt('lead', () =>
      this.alone(async () => {
        await this.attempt('tick', () => this.schedules.tick());
        await this.attempt('wake', () => this.schedules.ensureWakes());
        await this.attempt('redeliver', () => this.redeliver());
        await this.attempt('purge', () => this.purge());
      }),
    );
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    const client = await this.database.connect('crm-job-reconciler');
    client.on('error', () => undefined);
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [
        ADVISORY_LOCKS.reconciler,
      ]);
      if (rows[0]?.won) await work();
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async redeliver(): Promise<void> {
    const due = instant(new Date(Date.parse(this.clock.now()) - GRACE_MS));
    const queues = this.queues.all.map(({ name }) => name);
    for (let batch = 0; batch < MOST_BATCHES && !this.stopped; batch++) {
      const { runAfter, id } = this.reached;
      const rows = await this.database.query<DueRow>(DUE, [due, queues, runAfter, id]);
      const last = rows.at(-1);
      this.reached = rows.length === BATCH && last ? { runAfter: last.run_after, id: last.id } : BEGINNING;
      for (const [queue, jobs] of byQueue(rows)) await this.queues.add(queue, jobs);
      if (rows.length < BATCH) return;
    }
  }

  private async purge(): Promise<void> {
    const before = instant(new Date(Date.parse(this.clock.now()) - KEEP_DONE_MS));
    for (let batch = 0; batch < MOST_PURGE_BATCHES && !this.stopped; batch++) {
      const purged = await this.database.query(PURGE, [before]);
      if (purged.length < PURGE_BATCH) return;
    }
  }

  private async attempt(step: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.stopped && this.complaints.allows(step)) this.log.warn({ err: error, step }, 'jobs not reconciled');
    }
  }
}

function byQueue(rows: readonly DueRow[]): Map<string, DueJob[]> {
  const jobs = new Map<string, DueJob[]>();
  for (const { id, queue, name } of rows) {
    const queued = jobs.get(queue) ?? [];
    queued.push({ id, name, delayMs: 0 });
    jobs.set(queue, queued);
  }
  return jobs;
}
