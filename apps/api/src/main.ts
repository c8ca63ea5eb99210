import { HttpSettings } from '#platform/config';
import { openApiDocument, serve, serveDocs } from '#platform/http';
import { ApiModule } from './api.module.js';
import { serveConsole } from './console/console-page.js';
import { OPEN_API } from './open-api.js';
import { serveQueueDashboard } from './queues/queue-dashboard.js';
import { prepareRpc, startRpc } from './rpc/rpc.module.js';

await serve({
  name: 'api',
  module: () => ApiModule.forRoot(process.env),
  address: (app) => app.get(HttpSettings),
  prepare: (app) => {
    serveDocs(app, () => openApiDocument(app, OPEN_API));
    serveQueueDashboard(app);
    serveConsole(app);
    prepareRpc(app);
  },
  begin: startRpc,
});
