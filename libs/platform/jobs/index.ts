export { JobBoard } from './board/job-board.js';
export { BusinessTime } from './schedules/business-time.js';
export { HOUSEKEEPING } from './housekeeping.queue.js';
export { DeadJobs, type DeadRequest } from './processing/dead-jobs.js';
export { JobCounts, type QueueCounts } from './job-counts.js';
export {
  DailySchedule,
  type DailyOptions,
  type HandlesJobs,
  JobHandler,
  type JobHandlerOptions,
  type JobRun,
  type MissedDays,
  WorkInterrupted,
} from './processing/job-handler.js';
export { type AskedJob, type JobPayload, type JobRequest } from './requests/job-request.js';
export { JobQueues } from './job-queues.js';
export { JobRequests } from './requests/job-requests.js';
export { JobsModule } from './jobs.module.js';
