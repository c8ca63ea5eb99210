import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy in front of a server that accepts connections and forwards nothing until it is opened, as an overloaded one. */
export class StalledProxy {
  private isOpen = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
    /** URL of the server through the proxy. */
    readonly url: string,
  ) {}

  static async start(serverUrl: string): Promise<StalledProxy> {
    const url = new URL(serverUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer((client) => proxy.accept(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new StalledProxy(server, target, url.toString());
    return proxy;
  }

  /** Forwards all connections that come from now on. */
  open(): void {
    this.isOpen = true;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    this.watch(client);
    if (!this.isOpen) return;
    const backend = connect(this.target);
    this.watch(backend);
    client.pipe(backend).pipe(client);
    client.on('close', () => backend.destroy());
    backend.on('close', () => client.destroy());
  }

  private watch(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
  }
}
