import { Injectable } from '@nestjs/common';
import { type DueJob, JobQueues } from '../job-queues.js';
import { type DueRequest, FIRST_PLACE, JobRequestRepository } from './job-request.repository.js';

/** Batches per run; the next run continues after them. */
const MAX_BATCHES = 40;

/** Adds the requests that a lost or restarted Redis no longer has to Bull. */
@Injectable()
export class JobRedelivery {
  private place = FIRST_PLACE;

  constructor(
    private readonly repository: JobRequestRepository,
    private readonly queues: JobQueues,
  ) {}

  /** Adds every due request to Bull, which ignores those it has. */
  async run(): Promise<void> {
    const queues = this.queues.all.map(({ name }) => name);
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const { requests, next } = await this.repository.due(queues, this.place);
      for (const [queue, jobs] of byQueue(requests)) await this.queues.add(queue, jobs);
      this.place = next;
      if (next === FIRST_PLACE) return;
    }
  }
}

function byQueue(requests: readonly DueRequest[]): Map<string, DueJob[]> {
  const jobs = new Map<string, DueJob[]>();
  for (const { id, queue, name } of requests) {
    const queued = jobs.get(queue) ?? [];
    queued.push({ id, name, delayMs: 0 });
    jobs.set(queue, queued);
  }
  return jobs;
}
