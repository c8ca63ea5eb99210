import type { BeforeHook } from '@bull-board/api/typings/app';
import { DeadJob } from './dead-job.js';

const QUEUE = '/api/queues/:queueName';

/** What an operator may do. All else would change what PostgreSQL would put back, or put in what it doesn't know. */
const ALLOWED: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  `${QUEUE}/pause`,
  `${QUEUE}/resume`,
  `${QUEUE}/promote`,
  `${QUEUE}/retry/:queueStatus`,
  `${QUEUE}/job-schedulers/:schedulerId/run`,
  `${QUEUE}/:jobId/promote`,
  `${QUEUE}/:jobId/retry`,
]);

const REFUSED = {
  allow: false,
  status: 405,
  message: 'Queues are filled from PostgreSQL: failed jobs can be retried or cleaned, others only promoted or paused.',
} as const;

/** Lets pass what reads, and of the rest what has a lasting effect. */
export const onlyLastingActs: BeforeHook = async ({ method, route, request }) => {
  if (method === 'get' || ALLOWED.has(route)) return undefined;
  const { queueName, queueStatus, jobId } = request.params as Partial<Record<string, string>>;
  if (route === `${QUEUE}/clean/:queueStatus`) return queueStatus === 'failed' ? undefined : REFUSED;
  if (route !== `${QUEUE}/:jobId/clean`) return REFUSED;
  const job = await request.queues.get(queueName ?? '')?.getJob(jobId ?? '');
  return job === undefined || job instanceof DeadJob ? undefined : REFUSED;
};
