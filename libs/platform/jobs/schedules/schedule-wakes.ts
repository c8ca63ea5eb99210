import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { JobHandlers } from '../processing/job-handlers.js';
import { JobQueues } from '../job-queues.js';

/** Name of the Bull jobs that only wake a schedule. */
export const WAKE = 'daily-schedule';

/** Delay after which a wake is treated as lost. */
const LOST_AFTER_MS = 60_000;

/** Bull's own schedules, which wake a worker at the time of day of each daily schedule. */
@Injectable()
export class ScheduleWakes {
  constructor(
    private readonly handlers: JobHandlers,
    private readonly queues: JobQueues,
    private readonly settings: RuntimeSettings,
  ) {}

  /** Creates the missing wakes, e.g. after Redis lost its data, and updates changed ones. */
  async ensure(): Promise<void> {
    for (const { name, queue, at } of this.handlers.schedules) {
      const [hour, minute] = at.split(':').map(Number);
      const pattern = `${minute} ${hour} * * *`;
      const tz = this.settings.timeZone;
      const bull = this.queues.get(queue);
      const known = await bull.getJobScheduler(name);
      // Bull uses the machine's clock.
      const isLost = known?.next === undefined || known.next < Date.now() - LOST_AFTER_MS;
      // Writing it again would replace a wake that is waiting for a worker.
      if (known?.pattern === pattern && known.tz === tz && !isLost) continue;
      const opts = { removeOnComplete: true, removeOnFail: true };
      await bull.upsertJobScheduler(name, { pattern, tz }, { name: WAKE, data: {}, opts });
    }
  }
}
