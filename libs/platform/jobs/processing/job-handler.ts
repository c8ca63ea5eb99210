import { DiscoveryService } from '@nestjs/core';
import type { CalendarDate } from '#platform/kernel';
import type { JobPayload, JobRequest } from '../requests/job-request.js';

/** Handles one kind of job. */
export interface HandlesJobs<P extends JobPayload = JobPayload> {
  /**
   * Runs in one transaction with the mark that the request is done, so that its effects happen exactly once; what it
   * throws rolls both back, is recorded with the request, and the request is tried again. Requests that wait at the
   * same time share a transaction: the handler may run again after the failure of another one.
   */
  handle(request: JobRequest<P>, run: JobRun): Promise<void>;
}

/** One run of a handler, as the handler sees it. */
export interface JobRun {
  /** Reports progress to the dashboard: ids and counts. Never fails and is not awaited. */
  readonly report: (progress: object) => void;
  /** Aborted when the worker stops: a long batch then throws {@link WorkInterrupted}. */
  readonly stopping: AbortSignal;
}

/** Thrown by a batch that leaves its rest to the next run when the worker stops: not counted as a failure. */
export class WorkInterrupted extends Error {
  override readonly name = 'WorkInterrupted';

  constructor() {
    super('the worker stops: the rest is left to another run');
  }
}

/** Queue, name and transaction mode of a handler. */
export interface JobHandlerOptions {
  /** Name of the queue, one per kind of work: lower case, digits and dashes. */
  readonly queue: string;
  /** Name of the work within its queue: lower case, digits and dashes. */
  readonly name: string;
  /**
   * False for a long batch that commits in parts: it runs outside a transaction and is marked done after it,
   * so it must be idempotent, even while another run is active. Default true.
   */
  readonly transactional?: boolean;
  /**
   * False for a job that needs a transaction by itself: it takes long, or locks rows that other transactions update
   * often. Ignored when it is not transactional. Default true.
   */
  readonly batched?: boolean;
}

/** Time of a daily job. */
export interface DailyOptions {
  /** Time of day in the business's time zone, `HH:MM`, from which the day's work is due. */
  readonly at: string;
  /** Whether days missed while the system was down are requested one by one, or as one job. Default `each`. */
  readonly missedDays?: 'each' | 'together';
}

/** Payload of a {@link DailySchedule} with `missedDays: 'together'`: all days from `since`, if it is there, to `day`. */
export type MissedDays = { readonly day: CalendarDate } | { readonly day: CalendarDate; readonly since: CalendarDate };

type HandlerClass = new (...dependencies: never[]) => HandlesJobs;

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

export const handlerMark = DiscoveryService.createDecorator<JobHandlerOptions>();
export const dailyMark = DiscoveryService.createDecorator<DailyOptions>();

/**
 * Makes an injectable class the handler of the requests of this queue and name, in the worker.
 * @throws RangeError when a name is not one Bull and metrics can carry.
 */
export function JobHandler(options: JobHandlerOptions): (target: HandlerClass) => void {
  for (const name of [options.queue, options.name]) {
    if (!NAME.test(name)) throw new RangeError(`not a job name: ${name}: use lower case, digits and dashes`);
  }
  return (target) => handlerMark(options)(target);
}

/**
 * Enqueues the job of a {@link JobHandler} once for each business day, with payload `{ day: 'YYYY-MM-DD' }`:
 * at the time of day, or later for days missed while the system was down.
 * @throws RangeError when `at` is no time of day.
 */
export function DailySchedule(options: DailyOptions): (target: HandlerClass) => void {
  if (!TIME_OF_DAY.test(options.at)) throw new RangeError(`not a time of day: ${options.at}: use HH:MM`);
  return (target) => dailyMark(options)(target);
}
