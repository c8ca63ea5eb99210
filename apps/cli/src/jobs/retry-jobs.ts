import { DeadJobs, JobQueues } from '#platform/jobs';
import { isUuid } from '#platform/kernel';
import { CommandError, type Printed, report } from '../command.js';
import { ProgressBar } from '../progress-bar.js';
import { queuesNamed, withQueues } from './queues.js';

interface RetryOptions extends Printed {
  readonly ids: readonly string[];
  readonly all?: true;
  readonly queue?: string;
}

interface Chosen {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
}

/**
 * `jobs retry <id>…|--all|--queue <name>`: retries dead jobs.
 * @returns 1 when one of the ids names no dead job.
 */
export async function retryJobs(options: RetryOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { ids, all, queue, json } = options;
  if (ids.length === 0 && !all && queue === undefined) {
    throw new CommandError('Say which: ids that npx crm jobs list shows, --queue <name>, or --all.');
  }
  const queues = queuesNamed(queue);
  let missing: readonly string[] = [];
  await withQueues(env, async (app) => {
    const dead = app.get(DeadJobs);
    const chosen = await choose(dead, queues, ids);
    const bar = new ProgressBar(!json);
    const retried: string[] = [];
    for (const [index, { id, queue: of, name }] of chosen.entries()) {
      // A job that was retried or removed meanwhile is no longer dead.
      if (await dead.retry(of, id)) {
        retried.push(id);
        // Enqueued in Bull before the process ends; otherwise it would wait for the reconciler.
        await app.get(JobQueues).add(of, [{ id, name, delayMs: 0 }]);
      }
      bar.show('retrying', index + 1, chosen.length);
    }
    bar.end();
    missing = ids.filter((id) => !retried.includes(id));
    report(options, { retried, missing }, `${retried.length} job(s) are tried again.`);
  });
  if (missing.length > 0) process.stderr.write(`No dead job has the id ${missing.join(', ')}.\n`);
  return missing.length > 0 ? 1 : 0;
}

async function choose(dead: DeadJobs, queues: readonly string[], ids: readonly string[]): Promise<Chosen[]> {
  const chosen: Chosen[] = [];
  for (const queue of queues) {
    const found =
      ids.length === 0
        ? await dead.list(queue, 0, null)
        : await Promise.all(ids.filter(isUuid).map((id) => dead.find(queue, id)));
    chosen.push(...found.flatMap((job) => (job ? [{ id: job.id, queue, name: job.name }] : [])));
  }
  return chosen;
}
