import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { CalendarDate } from '#platform/kernel';
import {
  DailySchedule,
  type HandlesJobs,
  JobHandler,
  type JobRequest,
  JobRequests,
  type MissedDays,
} from '#platform/jobs';
import { UnitOfWork } from '#platform/persistence';
import { dailyJobOf, type OneSubject, REMIND_ONE, type ReminderKind } from './reminder.js';
import { ReminderWindow } from './reminder-window.js';
import { Reminders } from './reminders.js';

/** Time of day, in the business's zone, at which a day's reminders are published. */
const DAILY_RUN_AT = '06:00';

/** The class that publishes the reminders of a kind each day: Nest and the jobs distinguish classes, not values. */
export function dailyRemindersOf(kind: ReminderKind<never>): Type<HandlesJobs> {
  const name = dailyJobOf(kind);

  @Injectable()
  @JobHandler({ queue: kind.queue, name, transactional: false })
  @DailySchedule({ at: DAILY_RUN_AT, missedDays: 'together' })
  class DailyReminders implements HandlesJobs<MissedDays> {
    constructor(
      private readonly reminders: Reminders,
      private readonly window: ReminderWindow,
      private readonly requests: JobRequests,
      private readonly modules: ModuleRef,
    ) {}

    async handle({ payload }: JobRequest<MissedDays>): Promise<void> {
      const { day } = payload;
      const since = 'since' in payload ? payload.since : day;
      // Jobs may run late and in any order: each does the work of those that are pending before it.
      const pending = await this.requests.earliestPendingDay(kind.queue, name, day);
      const first = pending !== undefined && pending < since ? pending : since;
      const last = [day, this.window.lastDay(DAILY_RUN_AT)].sort().at(-1)!;
      const today = this.window.today;
      for (const each of await this.window.days(kind.isDueUntilChanged ? last : first, last)) {
        await this.reminders.remindAll(kind, { day: each, today });
      }
      if (kind.followUp) await this.modules.get(kind.followUp, { strict: false }).afterReminders(last);
    }
  }
  return DailyReminders;
}

/** The class that publishes the reminder of one subject: for requests of earlier releases, made for each event. */
export function reminderOfOne(kind: ReminderKind<never>): Type<HandlesJobs> {
  @Injectable()
  @JobHandler({ queue: kind.queue, name: REMIND_ONE })
  class ReminderOfOne implements HandlesJobs<OneSubject> {
    constructor(
      private readonly reminders: Reminders,
      private readonly window: ReminderWindow,
      private readonly unitOfWork: UnitOfWork,
    ) {}

    async handle({ payload: { subject_id, day } }: JobRequest<OneSubject>): Promise<void> {
      const today = this.window.today;
      const days: readonly CalendarDate[] = await this.window.days(kind.isDueUntilChanged ? today : day, day);
      if (!days.includes(day)) return;
      await this.unitOfWork.run(() => this.reminders.remindDue([{ kind, subjectIds: [subject_id], day }], today));
    }
  }
  return ReminderOfOne;
}
