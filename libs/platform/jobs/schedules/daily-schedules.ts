import { Injectable } from '@nestjs/common';
import { addDays, type CalendarDate } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { BusinessTime } from './business-time.js';
import { type DeclaredSchedule, JobHandlers } from '../processing/job-handlers.js';
import { JobRequests } from '../requests/job-requests.js';

/** Days that one transaction catches up; the next tick continues. */
const MAX_DAYS = 366;

const REACHED = statement('SELECT caught_up_through FROM crm.job_schedules WHERE name = $1');

/** Locks the row, which the first start inserts, and returns it. */
const OPEN = statement(`
  INSERT INTO crm.job_schedules (name, queue, caught_up_through, updated_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE SET queue = excluded.queue
  RETURNING caught_up_through`);

const REACH = statement('UPDATE crm.job_schedules SET caught_up_through = $2, updated_at = $3 WHERE name = $1');

interface Watermark {
  readonly caught_up_through: CalendarDate;
}

/** Requests each daily schedule's work once per business day, days missed included. */
@Injectable()
export class DailySchedules {
  constructor(
    private readonly handlers: JobHandlers,
    private readonly requests: JobRequests,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly businessTime: BusinessTime,
  ) {}

  /** Enqueues every due day that is not enqueued yet. Idempotent, also in concurrent workers. */
  async tick(): Promise<void> {
    for (const schedule of this.handlers.schedules) await this.catchUp(schedule);
  }

  private async catchUp({ name, queue, at, missedDays }: DeclaredSchedule): Promise<void> {
    const { instant, day: today, time } = this.businessTime.now();
    const yesterday = addDays(today, -1);
    const due = time >= at ? today : yesterday;
    const reached = await this.database.first<Watermark>(REACHED, [name]);
    if (reached && reached.caught_up_through >= due) return;
    await this.unitOfWork.run(async () => {
      const [open] = await this.database.query<Watermark>(OPEN, [name, queue, yesterday, instant]);
      const from = open?.caught_up_through ?? yesterday;
      const payloads = missedDays === 'together' ? together(from, due) : daysBetween(from, due).map((day) => ({ day }));
      for (const payload of payloads) {
        await this.requests.request({ queue, name, key: `${name}/${payload.day}`, payload });
      }
      if (payloads.length > 0) await this.database.query(REACH, [name, payloads.at(-1)!.day, instant]);
    });
  }
}

/** One payload for the days after `reached` up to `due`. */
function together(
  reached: CalendarDate,
  due: CalendarDate,
): { readonly day: CalendarDate; readonly since: CalendarDate }[] {
  return reached < due ? [{ day: due, since: addDays(reached, 1) }] : [];
}

/** The days after `reached` up to `due`. */
function daysBetween(reached: CalendarDate, due: CalendarDate): CalendarDate[] {
  const days: CalendarDate[] = [];
  for (let day = addDays(reached, 1); day <= due && days.length < MAX_DAYS; day = addDays(day, 1)) days.push(day);
  return days;
}
