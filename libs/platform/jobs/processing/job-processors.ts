import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { JobWorker } from '../job-backend.js';
import { JobHandlers } from './job-handlers.js';
import { JobProcessor } from './job-processor.js';

/** Every queue that this application processes. */
@Injectable()
export class JobProcessors {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly handlers: JobHandlers,
  ) {}

  /**
   * Their Bull workers, not yet started.
   * @throws Error when a handler's queue is not processed, or a processed queue has no handler.
   */
  workers(): JobWorker[] {
    const workers = this.discovery
      .getProviders()
      .map(({ instance }: { instance: unknown }) => instance)
      .filter((instance) => instance instanceof JobProcessor)
      .map(({ jobWorker }) => jobWorker);
    const processed = new Set(workers.map(({ name }) => name));
    const handled = this.handlers.queues;
    for (const queue of handled) {
      if (processed.has(queue)) continue;
      throw new Error(`queue ${queue} has no processor: import JobsModule.registerProcessor('${queue}')`);
    }
    for (const queue of processed) {
      if (!handled.has(queue)) throw new Error(`queue ${queue} has no @JobHandler in this application`);
    }
    return workers;
  }
}
