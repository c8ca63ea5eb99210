import { Injectable } from '@nestjs/common';
import { Log } from '#platform/observability';
import { DailySchedules } from './schedules/daily-schedules.js';
import { JobRedelivery } from './requests/job-redelivery.js';
import { JobRequestRepository } from './requests/job-request.repository.js';
import { ScheduleWakes } from './schedules/schedule-wakes.js';
import { Throttle } from './processing/throttle.js';

const MAX_PURGES = 10;

/** Restores queues and schedules after losses; the steps are independent, so that none waits for Redis. */
@Injectable()
export class JobUpkeep {
  private readonly complaints = new Throttle();

  constructor(
    private readonly schedules: DailySchedules,
    private readonly wakes: ScheduleWakes,
    private readonly redelivery: JobRedelivery,
    private readonly repository: JobRequestRepository,
    private readonly log: Log,
  ) {}

  /** Never throws: a failed step is logged and repeated in the next run. */
  async run(): Promise<void> {
    await this.attempt('tick', () => this.schedules.tick());
    await this.attempt('wake', () => this.wakes.ensure());
    await this.attempt('redeliver', () => this.redelivery.run());
    await this.attempt('purge', () => this.purge());
  }

  private async purge(): Promise<void> {
    for (let count = 0; count < MAX_PURGES; count++) if (!(await this.repository.purge())) return;
  }

  private async attempt(step: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.complaints.allows(step)) this.log.warn({ err: error, step }, 'jobs not reconciled');
    }
  }
}
