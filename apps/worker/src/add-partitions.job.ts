import { Injectable } from '@nestjs/common';
import { DailySchedule, type HandlesJobs, HOUSEKEEPING, JobHandler } from '#platform/jobs';
import { LogPartitions } from '#platform/messaging';

/** Creates the coming months' partitions of the log and the journals, each night. */
@Injectable()
@JobHandler({ queue: HOUSEKEEPING, name: 'add-partitions', transactional: false })
@DailySchedule({ at: '03:15' })
export class AddPartitionsJob implements HandlesJobs {
  constructor(private readonly partitions: LogPartitions) {}

  async handle(): Promise<void> {
    await this.partitions.add();
  }
}
