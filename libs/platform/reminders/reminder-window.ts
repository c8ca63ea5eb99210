import { Injectable } from '@nestjs/common';
import { RuntimeSettings, WorkerSettings } from '#platform/config';
import { BusinessTime } from '#platform/jobs';
import { addDays, businessDay, type CalendarDate, Clock, type Instant } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';

/** The first caller's moment stays. */
const INSTALLED = statement(
  `WITH recorded AS (
     INSERT INTO crm.installation (installed_at) VALUES ($1::timestamptz) ON CONFLICT DO NOTHING RETURNING installed_at)
   SELECT installed_at FROM recorded UNION ALL SELECT installed_at FROM crm.installation LIMIT 1`,
);

/** The days of which reminders are published: up to the present one, not too far back, none before the installation. */
@Injectable()
export class ReminderWindow {
  private installedOn: CalendarDate | undefined;

  constructor(
    private readonly database: Database,
    private readonly businessTime: BusinessTime,
    private readonly clock: Clock,
    private readonly runtime: RuntimeSettings,
    private readonly settings: WorkerSettings,
  ) {}

  get today(): CalendarDate {
    return this.businessTime.now().day;
  }

  /** The present business day once `time` of it has come, else the day before. */
  lastDay(time: string): CalendarDate {
    const now = this.businessTime.now();
    return now.time >= time ? now.day : addDays(now.day, -1);
  }

  /** The business day of a moment. */
  dayOf(moment: Instant): CalendarDate {
    return businessDay(moment, this.runtime.timeZone);
  }

  /** The days from `first` to `last`, both included, that are within the window; oldest first. */
  async days(first: CalendarDate, last: CalendarDate): Promise<readonly CalendarDate[]> {
    const bounds = [first, addDays(this.today, -this.settings.reminderCatchUpDays), await this.installationDay()];
    const days: CalendarDate[] = [];
    for (let day = bounds.sort().at(-1)!; day <= last; day = addDays(day, 1)) days.push(day);
    return days;
  }

  private async installationDay(): Promise<CalendarDate> {
    this.installedOn ??= this.dayOf((await this.installed())!.installed_at);
    return this.installedOn;
  }

  private async installed(): Promise<{ readonly installed_at: Instant } | undefined> {
    const values = [this.clock.now()];
    // A row that another transaction inserts meanwhile is seen by the next statement.
    return (
      (await this.database.first<{ installed_at: Instant }>(INSTALLED, values)) ??
      this.database.first(INSTALLED, values)
    );
  }
}
