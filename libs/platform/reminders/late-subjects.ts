import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, Clock } from '#platform/kernel';
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

  /** The present business day. */
  get today(): CalendarDate {
    return businessDay(this.clock.now(), this.settings.timeZone);
  }

  /** Has this kind look at the subject today, once for the event that told of it; what is not due stays unsaid. */
  async lookAt(kind: Pick<ReminderKind, 'queue'>, subjectId: string, { id }: ReceivedEvent): Promise<void> {
    const payload = { subject_id: subjectId, day: this.today };
    // By event, not by day: a date may be put off and brought back on the same day.
    await this.requests.request({ queue: kind.queue, name: REMIND_ONE, key: id, payload });
  }
}
