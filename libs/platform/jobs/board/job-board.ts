import { createBullBoard } from '@bull-board/api';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { Injectable } from '@nestjs/common';
import { DeadJobs } from '../processing/dead-jobs.js';
import { JobQueues } from '../job-queues.js';
import { onlyLastingActs } from './board-acts.js';
import { QueueOfBoard } from './queue-of-board.js';

/** The dashboard of every queue that is registered in this application. */
@Injectable()
export class JobBoard {
  constructor(
    private readonly queues: JobQueues,
    private readonly deadJobs: DeadJobs,
  ) {}

  /**
   * Registers pages and routes of the dashboard on a web server, which must admit authorised users only.
   * @param title of its pages.
   */
  show(server: IServerAdapter, title: string): void {
    const queues = [...this.queues.all].sort((one, other) => one.name.localeCompare(other.name));
    createBullBoard({
      queues: queues.map((queue) => new QueueOfBoard(queue, this.deadJobs)),
      serverAdapter: server,
      options: {
        handlerHooks: { before: onlyLastingActs },
        // Bull's charts use Redis alone, and finished jobs leave Bull: /metrics has the figures.
        uiConfig: { boardTitle: title, hideDocsLink: true, showMetrics: false },
      },
    });
  }
}
