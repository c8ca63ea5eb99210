import { Injectable } from '@nestjs/common';
import { type CalendarDate, Clock, type Instant, instant, newId } from '#platform/kernel';
import { arrayOfAnyLength, Database, statement } from '#platform/persistence';
import type { AskedJob, JobRequest } from './job-request.js';
import { JobRetries } from './job-retries.js';

/** Requests per batch. */
const DUE_BATCH = 500;
const PURGE_BATCH = 1_000;
/** Minimum age for redelivery: a younger request is still on its way to Bull. */
const GRACE_MS = 5_000;
const KEEP_DONE_MS = 30 * 24 * 3_600_000;

const INSERT = statement(`
  INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (queue, key) DO NOTHING
  RETURNING id`);

/** The rows stay locked until the transaction ends, so a second delivery meanwhile finds nothing to do. */
const CLAIM = statement(`
  SELECT id, queue, name, key, payload, attempts FROM crm.job_requests
   WHERE id = ANY (${arrayOfAnyLength('uuid')}) AND state = 'pending' FOR UPDATE SKIP LOCKED`);

const FIND = statement(`
  SELECT id, queue, name, key, payload, attempts FROM crm.job_requests WHERE id = $1 AND state = 'pending'`);

const FINISH = statement(`
  UPDATE crm.job_requests SET state = 'done', finished_at = $2
   WHERE id = ANY (${arrayOfAnyLength('uuid')}) AND state = 'pending'`);

const FAIL = statement(`
  UPDATE crm.job_requests
     SET attempts = attempts + 1,
         last_error = $2,
         state = CASE WHEN attempts + 1 >= $3 THEN 'failed' ELSE 'pending' END,
         finished_at = CASE WHEN attempts + 1 >= $3 THEN $4::timestamptz END
   WHERE id = $1 AND state = 'pending'
  RETURNING attempts, state`);

const DUE = statement(`
  SELECT id, queue, name, run_after
    FROM crm.job_requests
   WHERE state = 'pending' AND run_after <= $1 AND queue = ANY ($2::text[]) AND (run_after, id) > ($3, $4::uuid)
   ORDER BY run_after, id
   LIMIT ${DUE_BATCH}`);

const PENDING = statement(`SELECT FROM crm.job_requests WHERE queue = $1 AND key = $2 AND state = 'pending'`);

const EARLIEST_PENDING = statement(`
  SELECT min(coalesce(payload ->> 'since', payload ->> 'day')) AS day FROM crm.job_requests
   WHERE state = 'pending' AND queue = $1 AND name = $2 AND payload ->> 'day' < $3`);

const PURGE = statement(`
  WITH gone AS (
    DELETE FROM crm.job_requests WHERE id = ANY (ARRAY(
      SELECT id FROM crm.job_requests WHERE state = 'done' AND finished_at < $1 ORDER BY finished_at LIMIT ${PURGE_BATCH}
    )) RETURNING 1)
  SELECT count(*)::int AS count FROM gone`);

const FAILED = statement(`
  SELECT queue, count(*)::int AS failed FROM crm.job_requests WHERE state = 'failed' GROUP BY queue`);

/** A request that Bull must have. */
export interface DueRequest {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly run_after: Instant;
}

/** A position in the order of due requests. */
export type DuePlace = Pick<DueRequest, 'id' | 'run_after'>;

/** Before every due request. */
export const FIRST_PLACE: DuePlace = { id: '00000000-0000-0000-0000-000000000000', run_after: '-infinity' };

/** The table of requests, each statement in the open transaction if there is one. */
@Injectable()
export class JobRequestRepository {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly retries: JobRetries,
  ) {}

  /**
   * Inserts a request.
   * @returns its id and the milliseconds until it may run, or undefined when the same request exists.
   */
  async insert({
    queue,
    name,
    key,
    payload,
    runAfter,
  }: AskedJob): Promise<{ id: string; delayMs: number } | undefined> {
    const now = this.clock.now();
    const due = runAfter ?? now;
    const id = newId();
    const inserted = await this.database.first(INSERT, [id, queue, name, key, payload, due, now]);
    return inserted && { id, delayMs: Date.parse(due) - Date.parse(now) };
  }

  /** Locks and returns pending requests; skips rows that another run has locked. */
  async claim(ids: readonly string[]): Promise<ReadonlyMap<string, JobRequest>> {
    const requests = await this.database.query<JobRequest>(CLAIM, [ids]);
    return new Map(requests.map((request) => [request.id, request]));
  }

  /** Returns a pending request without a lock. */
  find(id: string): Promise<JobRequest | undefined> {
    return this.database.first<JobRequest>(FIND, [id]);
  }

  /** Marks pending requests done. */
  async finish(ids: readonly string[]): Promise<void> {
    await this.database.query(FINISH, [ids, this.clock.now()]);
  }

  /** Records a failed run; the last one makes the request failed. Undefined when it is no longer pending. */
  fail(id: string, reason: string): Promise<{ attempts: number; state: 'pending' | 'failed' } | undefined> {
    return this.database.first(FAIL, [id, reason, this.retries.attempts, this.clock.now()]);
  }

  /**
   * The next batch of pending requests of these queues that have been due for a while, oldest first.
   * @returns the batch, and where the next one begins: at {@link FIRST_PLACE} again when this was the last.
   */
  async due(queues: readonly string[], after: DuePlace): Promise<{ requests: DueRequest[]; next: DuePlace }> {
    const values = [this.before(GRACE_MS), queues, after.run_after, after.id];
    const requests = await this.database.query<DueRequest>(DUE, values);
    const last = requests.length === DUE_BATCH ? requests.at(-1) : undefined;
    return { requests, next: last ?? FIRST_PLACE };
  }

  async isPending(queue: string, key: string): Promise<boolean> {
    return (await this.database.first(PENDING, [queue, key])) !== undefined;
  }

  /** The earliest day before `day` whose daily work was requested and is not done. */
  async earliestPendingDay(queue: string, name: string, day: CalendarDate): Promise<CalendarDate | undefined> {
    const row = await this.database.first<{ day: CalendarDate | null }>(EARLIEST_PENDING, [queue, name, day]);
    return row?.day ?? undefined;
  }

  /** Deletes a batch of requests done long ago; true when there may be more. */
  async purge(): Promise<boolean> {
    const gone = await this.database.first<{ count: number }>(PURGE, [this.before(KEEP_DONE_MS)]);
    return gone?.count === PURGE_BATCH;
  }

  /** How many requests failed for good, by queue. */
  async failed(): Promise<Map<string, number>> {
    const rows = await this.database.query<{ queue: string; failed: number }>(FAILED);
    return new Map(rows.map(({ queue, failed }) => [queue, failed]));
  }

  private before(ms: number): Instant {
    return instant(new Date(Date.parse(this.clock.now()) - ms));
  }
}
