import { DiscoveryService } from '@nestjs/core';
import type { CalendarDate } from '#platform/kernel';
import type { JobPayload, JobRequest } from '../requests/job-request.js';

/** Does one kind of work. */
export interface HandlesJobs<P extends JobPayload = JobPayload> {
  /**
   * Runs in one transaction with the mark that the request is done, so that its effects happen exactly once; what it
   * throws rolls both back, is recorded with the request, and the request is tried again.
   */
  handle(request: JobRequest<P>, run: JobRun): Promise<void>;
}

/** One run of a handler, as the handler sees it. */
export interface JobRun {
  /** Tells whoever looks at the queue how far the work is: ids and counts. Never fails and is not waited for. */
  readonly report: (progress: object) => void;
  /** Aborted when the worker stops: a long batch then throws {@link WorkInterrupted}. */
  readonly stopping: AbortSignal;
}

/** Thrown by a batch that leaves its rest to another run, since the worker stops: not counted as a failure. */
export class WorkInterrupted extends Error {
  override readonly name = 'WorkInterrupted';

  constructor() {
    super('the worker stops: the rest is left to another run');
  }
}

/** Which requests a class handles, and how. */
export interface JobHandlerOptions {
  /** Name of the queue, one per kind of work: lower case, digits and dashes. */
  readonly queue: string;
  /** Name of the work within its queue: lower case, digits and dashes. */
  readonly name: string;
  /**
   * False for a long batch that commits in parts by itself: it runs outside a transaction and is marked done after it,
   * so it must bear being run again, even while another run goes on. Default true.
   */
  readonly transactional?: boolean;
}

/** When a handler's work is due each business day. */
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
 * Asks for the work of a {@link JobHandler} once for each business day, with payload `{ day: 'YYYY-MM-DD' }`:
 * when the time of day has come, or later for days missed while the system was down.
 * @throws RangeError when `at` is no time of day.
 */
export function DailySchedule(options: DailyOptions): (target: HandlerClass) => void {
  if (!TIME_OF_DAY.test(options.at)) throw new RangeError(`not a time of day: ${options.at}: use HH:MM`);
  return (target) => dailyMark(options)(target);
}
