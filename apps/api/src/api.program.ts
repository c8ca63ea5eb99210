import { HttpSettings } from '#platform/config';
import { openApiDocument, type Program, serveDocs } from '#platform/http';
import { ApiModule } from './api.module.js';
import { serveConsole } from './console/console-page.js';
import { OPEN_API } from './open-api.js';
import { serveQueueDashboard } from './queues/queue-dashboard.js';
import { prepareRpc, startRpc } from './rpc/rpc.module.js';

/** The process that serves HTTP, event streams and RPC. */
export const API: Program = {
  name: 'api',
  module: (env) => ApiModule.forRoot(env),
  address: (app) => app.get(HttpSettings),
  prepare: (app) => {
    serveDocs(app, () => openApiDocument(app, OPEN_API));
    serveQueueDashboard(app);
    serveConsole(app);
    prepareRpc(app);
  },
  begin: startRpc,
};
