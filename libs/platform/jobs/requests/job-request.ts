import type { Instant } from '#platform/kernel';

/** What a job carries beyond its kind: ids, dates and kinds, never personal data. */
export type JobPayload = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Work to be done later by the worker. */
export interface AskedJob {
  readonly queue: string;
  /** Which handler of the queue does it. */
  readonly name: string;
  /** What makes the same work the same, unique in its queue, e.g. `<deal id>/<date>`. */
  readonly key: string;
  /** Ids, dates and kinds only, never personal data. */
  readonly payload: JobPayload;
  /** Not before this moment; at once when left out. */
  readonly runAfter?: Instant;
}

/** Work that was asked for, as its handler gets it. */
export interface JobRequest<P extends JobPayload = JobPayload> {
  /** UUID; also the id of its Bull job and of its trace. */
  readonly id: string;
  readonly queue: string;
  /** Which handler of the queue does it. */
  readonly name: string;
  /** What makes the same work the same, unique in its queue. */
  readonly key: string;
  readonly payload: P;
  /** How many runs have failed before this one. */
  readonly attempts: number;
}
