import { HttpSettings, WorkerSettings } from '#platform/config';
import type { Program } from '#platform/http';
import { WorkerModule } from './worker.module.js';

/** The process that runs the sequencer, the publisher, subscribers and jobs. */
export const WORKER: Program = {
  name: 'worker',
  module: (env) => WorkerModule.forRoot(env),
  address: (app) => ({ host: app.get(HttpSettings).host, port: app.get(WorkerSettings).port }),
};
