import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of a database. Closing it ends all connections and refuses new ones. */
export class DatabaseLine {
  private readonly sockets = new Set<Socket>();
  private isClosed = false;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (near: Socket) => this.join(near));
  }

  /** @param url of the database. */
  static async to(url: string): Promise<DatabaseLine> {
    const line = new DatabaseLine(createServer(), new URL(url));
    // The proxy does not prevent the exit of the test.
    line.server.unref().listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    return line;
  }

  /** URL of the database through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.toString();
  }

  close(): void {
    this.isClosed = true;
    for (const socket of this.sockets) socket.destroy();
  }

  open(): void {
    this.isClosed = false;
  }

  private join(near: Socket): void {
    if (this.isClosed) return void near.destroy();
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined).on('close', () => (this.sockets.delete(from), to.destroy()));
      from.pipe(to);
    }
  }
}
