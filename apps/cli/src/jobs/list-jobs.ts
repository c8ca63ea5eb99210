import { DeadJobs, type DeadRequest, JobCounts, JobQueues, type QueueCounts } from '#platform/jobs';
import { print, type Printed } from '../command.js';
import { queuesNamed, withQueues } from './queues.js';

/** Counts of one queue. */
const SHOWN = 200;

interface ListOptions extends Printed {
  readonly queue?: string;
  readonly waiting?: true;
}

/** A listed job. */
interface ShownJob {
  readonly id: string;
  readonly queue: string;
  readonly state: 'dead' | 'waiting';
  readonly name: string;
  /** Deduplication key; null for a job without a request row. */
  readonly key: string | null;
  readonly attempts: number;
  readonly error: string | null;
  readonly since: string;
}

/** `jobs list [--queue <name>] [--waiting]`: counts jobs per queue, and lists dead jobs. */
export async function listJobs(options: ListOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const queues = queuesNamed(options.queue);
  await withQueues(env, async (app) => {
    const counts = await app.get(JobCounts).collect();
    const jobs: ShownJob[] = [];
    for (const queue of queues) {
      const dead = await app.get(DeadJobs).list(queue, 0, SHOWN);
      jobs.push(...dead.map((request) => shownDead(queue, request)));
      if (options.waiting) jobs.push(...(await waiting(app.get(JobQueues), app.get(DeadJobs), queue)));
    }
    if (options.json) return print(JSON.stringify({ queues: queues.map((name) => ({ name, ...counts[name] })), jobs }));
    for (const name of queues) print(lineOfQueue(name, counts[name]));
    for (const job of jobs) print(lineOfJob(job));
  });
  return 0;
}

function shownDead(queue: string, request: DeadRequest): ShownJob {
  const { id, name, key, attempts, last_error: error, finished_at: since } = request;
  return { id, queue, state: 'dead', name, key, attempts, error, since };
}

/** Waiting and delayed Bull jobs, with their request rows of PostgreSQL. */
async function waiting(queues: JobQueues, requests: DeadJobs, queue: string): Promise<ShownJob[]> {
  const jobs = await queues.get(queue).getJobs(['waiting', 'delayed'], 0, SHOWN - 1);
  const ids = jobs.map(({ id = '' }) => id);
  const contents = await requests.contents(ids.filter((id) => UUID.test(id)));
  return jobs.map(({ id = '', name, attemptsMade: attempts, timestamp }) => ({
    ...{ id, queue, state: 'waiting', name, attempts, error: null },
    key: contents.get(id)?.key ?? null,
    since: new Date(timestamp).toISOString(),
  }));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function lineOfQueue(name: string, counts: QueueCounts | undefined): string {
  if (!counts) return `${name.padEnd(20)}  can't be asked`;
  const { waiting: ready, active, delayed, failed } = counts;
  return `${name.padEnd(20)}  ${ready} waiting  ${active} running  ${delayed} later  ${failed} dead`;
}

function lineOfJob({ id, queue, state, name, key, attempts, error, since }: ShownJob): string {
  const reason = error === null ? '' : `: ${error.split('\n')[0]}`;
  return `${state.padEnd(7)}  ${id}  ${queue}/${name} ${key ?? ''}  since ${since}, ${attempts} attempt(s)${reason}`;
}
