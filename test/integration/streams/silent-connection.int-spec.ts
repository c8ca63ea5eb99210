import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { newId } from '#platform/kernel';
import { createTestDatabase, type TestDatabase, until } from '#platform/testing';
import { LogTail } from '../../../apps/api/src/streams/delivery/log-tail.js';
import { MIGRATIONS } from '../../../migrations/index.js';
import { StreamApplication } from './stream-application.js';

/** Name by which PostgreSQL knows the connection of the notifications. */
const SIGNAL = 'crm-log-signal';

/** A proxy that can make the present connections of the notifications silent, as a firewall does that drops their packets. */
class SilencingProxy {
  private readonly silent = new Set<Socket>();
  private readonly signals = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<SilencingProxy> {
    const url = new URL(databaseUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer((client) => proxy.forward(client, connect(target)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new SilencingProxy(server, url.href);
    return proxy;
  }

  silenceSignals(): void {
    for (const client of this.signals) this.silent.add(client);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(client: Socket, backend: Socket): void {
    for (const socket of [client, backend]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => backend.destroy());
    backend.on('close', () => client.destroy());
    client.on('data', (bytes) => {
      if (bytes.includes(SIGNAL)) this.signals.add(client);
      if (!this.silent.has(client)) backend.write(bytes);
    });
    backend.on('data', (bytes) => {
      if (!this.silent.has(client)) client.write(bytes);
    });
  }
}

describe('live streams whose connection for notifications has gone silent', () => {
  let database: TestDatabase;
  let proxy: SilencingProxy;
  let application: StreamApplication;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS, { isScripted: true });
    proxy = await SilencingProxy.start(database.url);
    // Together the time after which a query over the silent connection fails.
    const limits = { CRM_DATABASE_STATEMENT_TIMEOUT_MS: '5000', CRM_DATABASE_ACQUIRE_TIMEOUT_MS: '5000' };
    application = await StreamApplication.start(proxy.url, limits);
  });

  afterAll(async () => {
    await application.stop();
    await proxy.stop();
    await database.drop();
  });

  async function append(): Promise<void> {
    const id = newId();
    const events = [{ id, type: 'deal.created', data: {} }];
    const change = { stream: `deals/${id}`, audience: [], at: new Date().toISOString(), events };
    await database.rows('SELECT crm.append_to_streams($1::jsonb)', [JSON.stringify([change])]);
  }

  it('deliver the next events over a new connection', async () => {
    let frames = 0;
    application.app.nest.get(LogTail).subscribe((some) => void (frames += some.length));
    await append();
    await until(() => frames === 1);
    proxy.silenceSignals();
    await append();
    await until(() => frames === 2, 60_000);
  });
});
