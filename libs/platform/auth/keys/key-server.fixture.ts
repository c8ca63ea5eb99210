import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** HTTP server that publishes a key set as the Auth service does, with a settable answer and a request counter. */
export class KeyServer {
  asked = 0;
  answer: RequestListener = (_, response) => response.end(JSON.stringify({ keys: this.keys }));
  keys: unknown[] = [];
  url = '';
  private server: Server | undefined;
  private port = 0;

  async start(): Promise<void> {
    for (;;) {
      const port = this.port || 20_000 + Math.floor(Math.random() * 12_000);
      const server = createServer((request, response) => {
        this.asked += 1;
        this.answer(request, response);
      });
      server.listen(port, '127.0.0.1');
      const started = await once(server, 'listening').catch(() => null);
      if (!started) continue;
      this.server = server;
      this.port = port;
      this.url = `http://127.0.0.1:${port}/keys`;
      return;
    }
  }

  async stop(): Promise<void> {
    if (!this.server) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    this.server = undefined;
    await closed;
  }
}
