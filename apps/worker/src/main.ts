import { HttpSettings, WorkerSettings } from '#platform/config';
import { serve } from '#platform/http';
import { WorkerModule } from './worker.module.js';

await serve({
  name: 'worker',
  module: () => WorkerModule.forRoot(process.env),
  address: (app) => ({ host: app.get(HttpSettings).host, port: app.get(WorkerSettings).port }),
});
