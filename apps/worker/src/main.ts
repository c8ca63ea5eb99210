import { setFlagsFromString } from 'node:v8';
import { HttpSettings, WorkerSettings } from '#platform/config';
import { serve } from '#platform/http';
import { WorkerModule } from './worker.module.js';

// V8 lets a small heap grow fourfold before it looks for what is no longer used: a long import would hold 100 MB of
// that. Twice is enough, and costs no rate that can be measured.
setFlagsFromString('--heap-growing-percent=80');

await serve({
  name: 'worker',
  module: () => WorkerModule.forRoot(process.env),
  address: (app) => ({ host: app.get(HttpSettings).host, port: app.get(WorkerSettings).port }),
});
