import type { BeforeHook } from '@bull-board/api/typings/app';
import { DeadJob } from './dead-job.js';

const QUEUE = '/api/queues/:queueName';

/** The acts of an operator. Any other act would be undone by PostgreSQL's state, or would be unknown to it. */
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

/** Allows reads, and the acts with a lasting effect. */
export const onlyLastingActs: BeforeHook = async ({ method, route, request }) => {
  if (method === 'get' || ALLOWED.has(route)) return undefined;
  const { queueName, queueStatus, jobId } = request.params as Partial<Record<string, string>>;
  if (route === `${QUEUE}/clean/:queueStatus`) return queueStatus === 'failed' ? undefined : REFUSED;
  if (route !== `${QUEUE}/:jobId/clean`) return REFUSED;
  const job = await request.queues.get(queueName ?? '')?.getJob(jobId ?? '');
  return job === undefined || job instanceof DeadJob ? undefined : REFUSED;
};
