import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { addDays, businessDay, type CalendarDate, Clock, type Instant } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { type DeclaredSchedule, JobHandlers } from './job-handlers.js';
import { JobQueues } from './job-queues.js';
import { JobRequests } from './job-requests.js';

/** Name of the Bull jobs that only say that a schedule's time has come. */
export const WAKE = 'daily-schedule';

/** Days one transaction catches up; the next tick goes on. */
const MOST_DAYS = 366;
/** A wake this late will not come any more. */
const WAKE_LOST_AFTER_MS = 60_000;

const REACHED = statement('SELECT caught_up_through FROM crm.job_schedules WHERE name = $1');

/** Locks the row, made on the first start, and tells what it holds once no other worker is at it. */
const OPEN = statement(`
  INSERT INTO crm.job_schedules AS schedule (name, queue, caught_up_through, updated_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE SET queue = excluded.queue
  RETURNING caught_up_through`);

const REACH = statement('UPDATE crm.job_schedules SET caught_up_through = $2, updated_at = $3 WHERE name = $1');

interface Watermark {
  readonly caught_up_through: CalendarDate;
}

/** Asks for each daily schedule's work once per business day, days missed included. */
@Injectable()
export class DailySchedules {
  constructor(
    private readonly handlers: JobHandlers,
    private readonly requests: JobRequests,
    private readonly queues: JobQueues,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /** Asks for every day that is due and not asked for yet. Idempotent, in any number of workers at once. */
  async tick(): Promise<void> {
    for (const schedule of this.handlers.schedules) await this.catchUp(schedule);
  }

  /** Makes Bull wake a worker at each schedule's time; puts the wake back when Redis has forgotten it. */
  async ensureWakes(): Promise<void> {
    for (const { name, queue, at } of this.handlers.schedules) {
      const [hour, minute] = at.split(':').map(Number);
      const pattern = `${minute} ${hour} * * *`;
      const tz = this.settings.timeZone;
      const bull = this.queues.get(queue);
      const known = await bull.getJobScheduler(name);
      const lost = known?.next === undefined || known.next < Date.now() - WAKE_LOST_AFTER_MS;
      // Written anew it would take the place of a wake that is waiting for a worker right now.
      if (known?.pattern === pattern && known.tz === tz && !lost) continue;
      const opts = { removeOnComplete: true, removeOnFail: true };
      await bull.upsertJobScheduler(name, { pattern, tz }, { name: WAKE, data: {}, opts });
    }
  }

  private async catchUp(schedule: DeclaredSchedule): Promise<void> {
    const { name, queue } = schedule;
    const now = this.clock.now();
    const today = businessDay(now, this.settings.timeZone);
    const due = timeOfDay(now, this.settings.timeZone) >= schedule.at ? today : addDays(today, -1);
    const reached = await this.database.first<Watermark>(REACHED, [name]);
    if (reached && reached.caught_up_through >= due) return;
    await this.unitOfWork.run(async () => {
      const [open] = await this.database.query<Watermark>(OPEN, [name, queue, addDays(today, -1), now]);
      const days = daysAfter(open!.caught_up_through, due);
      for (const day of days) {
        await this.requests.request({ queue, name, key: `${name}/${day}`, payload: { day } });
      }
      if (days.length > 0) await this.database.query(REACH, [name, days.at(-1), now]);
    });
  }
}

function daysAfter(reached: CalendarDate, due: CalendarDate): CalendarDate[] {
  const days: CalendarDate[] = [];
  for (let day = addDays(reached, 1); day <= due && days.length < MOST_DAYS; day = addDays(day, 1)) days.push(day);
  return days;
}

/** The wall clock in `timeZone` at `at`, `HH:MM`. */
function timeOfDay(at: Instant, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return format.format(new Date(at));
}
