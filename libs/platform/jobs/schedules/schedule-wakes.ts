import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { JobHandlers } from '../processing/job-handlers.js';
import { JobQueues } from '../job-queues.js';

/** Name of the Bull jobs that only say that a schedule's time has come. */
export const WAKE = 'daily-schedule';

/** A wake this late will not come any more. */
const LOST_AFTER_MS = 60_000;

/** Bull's own schedules, which wake a worker at the time of day of each daily schedule. */
@Injectable()
export class ScheduleWakes {
  constructor(
    private readonly handlers: JobHandlers,
    private readonly queues: JobQueues,
    private readonly settings: RuntimeSettings,
  ) {}

  /** Makes the wakes that Bull does not know, as after Redis lost its memory, and mends those that have changed. */
  async ensure(): Promise<void> {
    for (const { name, queue, at } of this.handlers.schedules) {
      const [hour, minute] = at.split(':').map(Number);
      const pattern = `${minute} ${hour} * * *`;
      const tz = this.settings.timeZone;
      const bull = this.queues.get(queue);
      const known = await bull.getJobScheduler(name);
      // Bull goes by the machine's clock.
      const isLost = known?.next === undefined || known.next < Date.now() - LOST_AFTER_MS;
      // Written anew it would take the place of a wake that is waiting for a worker right now.
      if (known?.pattern === pattern && known.tz === tz && !isLost) continue;
      const opts = { removeOnComplete: true, removeOnFail: true };
      await bull.upsertJobScheduler(name, { pattern, tz }, { name: WAKE, data: {}, opts });
    }
  }
}
