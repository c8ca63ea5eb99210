import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { JobCleanStatus, JobCounts, JobStatus } from '@bull-board/api/typings/app';
import { isUuid } from '#platform/kernel';
import type { Job, Queue } from 'bullmq';
import type { DeadJobs, DeadRequest } from '../processing/dead-jobs.js';
import type { JobQueue } from '../job-backend.js';
import { DeadJob } from './dead-job.js';

/** A Bull job. */
type BareJob = Job<object>;

/**
 * One queue on the board: Bull provides waiting and running jobs, PostgreSQL the dead ones and the requests' facts.
 * Dead jobs are visible, and can be retried, even after Redis has lost its data.
 */
export class QueueOfBoard extends BullMQAdapter {
  constructor(
    private readonly bull: JobQueue,
    private readonly deadJobs: DeadJobs,
  ) {
    // The types know Redis alone, the code both backends.
    super(bull as unknown as Queue);
  }

  override async getJobCounts(): Promise<JobCounts> {
    const [counts, failed] = await Promise.all([super.getJobCounts(), this.deadJobs.count(this.bull.name)]);
    return { ...counts, failed };
  }

  override async getJobs(statuses: JobStatus[], start = 0, end = -1): Promise<Job[]> {
    // A page so far behind the end that no backend can count to it.
    if (!Number.isSafeInteger(start)) return [];
    const ofBull = statuses.filter((status) => status !== 'failed');
    const dead = ofBull.length < statuses.length ? await this.deadOnes(start, end) : [];
    if (ofBull.length === 0) return dead;
    return [...dead, ...(await this.described((await super.getJobs(ofBull, start, end)) as BareJob[]))];
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const dead = isUuid(id) ? await this.deadJobs.find(this.bull.name, id) : undefined;
    if (dead) return this.shown(dead);
    const job = await super.getJob(id);
    return job ? (await this.described([job as BareJob]))[0] : undefined;
  }

  override async clean(status: JobCleanStatus, graceMs: number): Promise<void> {
    if (status === 'failed') await this.deadJobs.discardAll(this.bull.name, graceMs);
    else await super.clean(status, graceMs);
  }

  private async deadOnes(start: number, end: number): Promise<Job[]> {
    const limit = end < start ? null : end - start + 1;
    const requests = await this.deadJobs.list(this.bull.name, start, limit);
    return requests.map((request) => this.shown(request));
  }

  private shown(request: DeadRequest): Job {
    // Of a job the board uses what its own QueueJob has.
    return new DeadJob(this.deadJobs, this.bull.name, request) as unknown as Job;
  }

  /** Adds the requests' facts, because Bull's jobs contain ids alone. */
  private async described(jobs: BareJob[]): Promise<Job[]> {
    const contents = await this.deadJobs.contents(jobs.flatMap(({ id }) => (isUuid(id) ? [id] : [])));
    for (const job of jobs) {
      const content = contents.get(job.id ?? '');
      if (content) job.data = { key: content.key, ...content.payload };
    }
    return jobs;
  }
}
