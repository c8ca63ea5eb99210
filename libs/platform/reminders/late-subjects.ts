import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { addDays, businessDay, type CalendarDate, Clock } from '#platform/kernel';
import { JobRequests } from '#platform/jobs';
import type { ReceivedEvent } from '#platform/messaging';
import { REMIND_ONE, type ReminderKind } from './reminder.js';

/** Asks for reminders of subjects that were made or changed when the morning was over. */
@Injectable()
export class LateSubjects {
  constructor(
    private readonly requests: JobRequests,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  /**
   * The business days from an event's to the present one, oldest first. Whoever hears of it days later must look at each:
   * their mornings are over, and are not held again.
   */
  daysSince({ time }: ReceivedEvent): readonly CalendarDate[] {
    const today = businessDay(this.clock.now(), this.settings.timeZone);
    const days: CalendarDate[] = [];
    for (let day = businessDay(time, this.settings.timeZone); day <= today; day = addDays(day, 1)) days.push(day);
    return days;
  }

  /** Has this kind look at the subject for a day, once for the event that told of it; what is not due stays unsaid. */
  async lookAt(
    kind: Pick<ReminderKind, 'queue'>,
    subjectId: string,
    day: CalendarDate,
    { id }: ReceivedEvent,
  ): Promise<void> {
    const payload = { subject_id: subjectId, day };
    // By event, not by day alone: a date may be put off and brought back on the same day.
    await this.requests.request({ queue: kind.queue, name: REMIND_ONE, key: `${id}/${day}`, payload });
  }
}
