import { Injectable } from '@nestjs/common';
import { Clock, type Instant, instant } from '#platform/kernel';
import { Log } from '#platform/observability';
import { Database, statement } from '#platform/persistence';
import { JobQueues } from '../job-queues.js';
import type { JobPayload } from '../requests/job-request.js';

/** A request that failed permanently. */
export interface DeadRequest {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly payload: JobPayload;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly run_after: Instant;
  readonly created_at: Instant;
  readonly finished_at: Instant;
}

/** The facts of a request, because Bull's job contains its id alone. */
export interface RequestContent {
  readonly id: string;
  readonly key: string;
  readonly payload: JobPayload;
}

const COLUMNS = 'id, name, key, payload, attempts, last_error, run_after, created_at, finished_at';

const LIST = statement(`
  SELECT ${COLUMNS} FROM crm.job_requests WHERE queue = $1 AND state = 'failed'
   ORDER BY finished_at DESC, id DESC OFFSET $2 LIMIT $3`);

const FIND = statement(`SELECT ${COLUMNS} FROM crm.job_requests WHERE id = $1 AND queue = $2 AND state = 'failed'`);

const COUNT = statement(`SELECT count(*)::int AS count FROM crm.job_requests WHERE queue = $1 AND state = 'failed'`);

const REVIVE = statement(`
  UPDATE crm.job_requests SET state = 'pending', attempts = 0, finished_at = NULL, run_after = $3
   WHERE id = $1 AND queue = $2 AND state = 'failed'
  RETURNING name`);

/** Marks it done, so that the same request is not enqueued again. */
const DISCARD = statement(`
  UPDATE crm.job_requests SET state = 'done', finished_at = $3
   WHERE queue = $1 AND state = 'failed' AND finished_at <= $2 AND ($4::uuid IS NULL OR id = $4::uuid)
  RETURNING id`);

const CONTENTS = statement('SELECT id, key, payload FROM crm.job_requests WHERE id = ANY ($1::uuid[])');

/** The requests that failed permanently: lists, retries and discards them. */
@Injectable()
export class DeadJobs {
  constructor(
    private readonly database: Database,
    private readonly queues: JobQueues,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** A page of a queue’s dead requests, the last one to fail first; all that follow `offset` without a limit. */
  list(queue: string, offset: number, limit: number | null): Promise<DeadRequest[]> {
    return this.database.query<DeadRequest>(LIST, [queue, offset, limit]);
  }

  /** The dead request of this id, or undefined when there is none. */
  find(queue: string, id: string): Promise<DeadRequest | undefined> {
    return this.database.first<DeadRequest>(FIND, [id, queue]);
  }

  async count(queue: string): Promise<number> {
    return (await this.database.first<{ count: number }>(COUNT, [queue]))?.count ?? 0;
  }

  /** The facts of these requests, by id; missing ones are omitted. */
  async contents(ids: readonly string[]): Promise<ReadonlyMap<string, RequestContent>> {
    const rows = await this.database.query<RequestContent>(CONTENTS, [ids]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Retries a request with the full number of attempts; false when it is no longer dead. */
  async retry(queue: string, id: string): Promise<boolean> {
    const revived = await this.database.first<{ name: string }>(REVIVE, [id, queue, this.clock.now()]);
    if (!revived) return false;
    this.queues.announce(queue, { id, name: revived.name, delayMs: 0 });
    this.log.info({ queue, job: revived.name, job_request_id: id }, 'dead job to be tried again');
    return true;
  }

  /** Discards a request: it counts as done. False when it is no longer dead. */
  async discard(queue: string, id: string): Promise<boolean> {
    return (await this.giveUp(queue, id, 0)) > 0;
  }

  /**
   * Discards all of a queue's dead requests.
   * @param graceMs excludes requests that died less than so many milliseconds ago, which no user has seen.
   */
  async discardAll(queue: string, graceMs: number): Promise<void> {
    await this.giveUp(queue, null, graceMs);
  }

  private async giveUp(queue: string, id: string | null, graceMs: number): Promise<number> {
    const now = this.clock.now();
    const before = instant(new Date(Date.parse(now) - graceMs));
    const gone = await this.database.query<{ id: string }>(DISCARD, [queue, before, now, id]);
    for (const request of gone) this.log.info({ queue, job_request_id: request.id }, 'dead job given up');
    return gone.length;
  }
}
