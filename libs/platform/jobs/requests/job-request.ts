import type { Instant } from '#platform/kernel';

/** Payload of a job: ids, dates and kinds, never personal data. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** A job to be run by the worker. */
export interface AskedJob {
  readonly queue: string;
  /** Name of its handler in the queue. */
  readonly name: string;
  /** Deduplication key, unique in its queue, e.g. `<deal id>/<date>`. */
  readonly key: string;
  /** Ids, dates and kinds only, never personal data. */
  readonly payload: JobPayload;
  /** Earliest time of the run; at once when omitted. */
  readonly runAfter?: Instant;
}

/** An enqueued job, as its handler receives it. */
export interface JobRequest<P extends JobPayload = JobPayload> {
  /** UUID; also the id of its Bull job and of its trace. */
  readonly id: string;
  readonly queue: string;
  /** Name of its handler in the queue. */
  readonly name: string;
  /** Deduplication key, unique in its queue. */
  readonly key: string;
  readonly payload: P;
  /** Number of failed runs before this one. */
  readonly attempts: number;
}
