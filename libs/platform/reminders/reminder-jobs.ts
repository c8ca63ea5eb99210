import { Injectable, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { CalendarDate } from '#platform/kernel';
import { DailySchedule, type HandlesJobs, JobHandler, type JobRequest, JobRequests } from '#platform/jobs';
import { dailyJobOf, type OneSubject, REMIND_ONE, type ReminderKind } from './reminder.js';
import { Reminders } from './reminders.js';

/** Time of day, in the business's zone, at which a day's reminders are given. */
const MORNING = '06:00';

/** The class that gives the reminders of a kind each morning: Nest and the jobs tell classes apart, not values. */
export function dailyRemindersOf(kind: ReminderKind<never>): Type<HandlesJobs> {
  const name = dailyJobOf(kind);

  @Injectable()
  @JobHandler({ queue: kind.queue, name, transactional: false })
  @DailySchedule({ at: MORNING })
  class DailyReminders implements HandlesJobs<{ day: CalendarDate }> {
    constructor(
      private readonly reminders: Reminders,
      private readonly requests: JobRequests,
      private readonly modules: ModuleRef,
    ) {}

    async handle({ payload: { day } }: JobRequest<{ day: CalendarDate }>): Promise<void> {
      // Days that were missed may come in any order: a later one waits for those before it, by doing them.
      const missed = await this.requests.pendingDays(kind.queue, name, day);
      for (const each of [...missed, day]) await this.reminders.remindAll(kind, each);
      if (kind.followUp) await this.modules.get(kind.followUp, { strict: false }).afterReminders(day);
    }
  }
  return DailyReminders;
}

/** The class that looks at one subject of a kind which was made or changed when the morning was over. */
export function reminderOfOne(kind: ReminderKind<never>): Type<HandlesJobs> {
  @Injectable()
  @JobHandler({ queue: kind.queue, name: REMIND_ONE })
  class ReminderOfOne implements HandlesJobs<OneSubject> {
    constructor(private readonly reminders: Reminders) {}

    async handle({ payload }: JobRequest<OneSubject>): Promise<void> {
      await this.reminders.remindOne(kind, payload.subject_id, payload.day);
    }
  }
  return ReminderOfOne;
}
