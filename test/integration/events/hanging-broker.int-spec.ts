import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { newId } from '#platform/kernel';
import { PublishingService } from '../../support/broker/publishing-service.js';

/** Stands before RabbitMQ; accepts one connection without ever answering it. */
class BrokerProxy {
  /** Connections to come until one hangs; none does when undefined. */
  private connectionsLeft: number | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(brokerUrl: string): Promise<BrokerProxy> {
    const url = new URL(brokerUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new BrokerProxy(server, url.href);
    server.on('connection', (client) => proxy.accept(client, () => connect({ ...target, noDelay: true })));
    return proxy;
  }

  /** Breaks every connection and lets connection number `hanging` from now on hang. */
  break(hanging: number): void {
    this.connectionsLeft = hanging;
    this.sockets.forEach((socket) => socket.destroy());
  }

  /** Whether a connection hung. */
  get hasHung(): boolean {
    return this.connectionsLeft === 0;
  }

  async close(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket, open: () => Socket): void {
    this.own(client);
    if (this.connectionsLeft !== undefined && this.connectionsLeft > 0) {
      this.connectionsLeft -= 1;
      if (this.connectionsLeft === 0) return;
    }
    const broker = open();
    this.own(broker);
    client.pipe(broker).pipe(client);
    client.on('close', () => broker.destroy());
    broker.on('close', () => client.destroy());
  }

  private own(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }
}

describe('a broker that accepts a connection and does not answer it', () => {
  let service: PublishingService;
  let proxy: BrokerProxy;

  beforeAll(async () => {
    service = await PublishingService.open();
    proxy = await BrokerProxy.before(service.url);
    await service.start([], { CRM_RABBITMQ_URL: proxy.url });
  });
  afterAll(async () => {
    await service.close();
    await proxy.close();
  });

  it('delays the events and does not stop them for ever', async () => {
    const queue = await service.bind(['#']);
    // The first new connection declares the topology, the second one publishes.
    proxy.break(2);
    const [id] = await service.append('deal.created', `deals/${newId()}`);
    expect((await service.take(queue)).id).toBe(id);
    expect(proxy.hasHung).toBe(true);
  });
});
