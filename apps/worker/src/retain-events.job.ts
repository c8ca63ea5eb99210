import { Injectable } from '@nestjs/common';
import { WorkerSettings } from '#platform/config';
import { DailySchedule, type HandlesJobs, HOUSEKEEPING, JobHandler } from '#platform/jobs';
import { Clock, instant } from '#platform/kernel';
import { EventRetention } from '#platform/messaging';

const DAY_MS = 24 * 3_600_000;

/** Deletes events beyond the retention, each night. */
@Injectable()
@JobHandler({ queue: HOUSEKEEPING, name: 'retain-events', transactional: false })
@DailySchedule({ at: '03:45' })
export class RetainEventsJob implements HandlesJobs {
  constructor(
    private readonly retention: EventRetention,
    private readonly settings: WorkerSettings,
    private readonly clock: Clock,
  ) {}

  async handle(): Promise<void> {
    const days = this.settings.eventRetentionDays;
    if (days === 0) return;
    await this.retention.forget(instant(new Date(Date.parse(this.clock.now()) - days * DAY_MS)));
  }
}
