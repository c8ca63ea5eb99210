import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Fields of an ErrorResponse of PostgreSQL's protocol, such as `{ S: 'FATAL', C: '58000' }`. */
export type ErrorFields = Readonly<Record<string, string>>;

/** Time in which PostgreSQL executes the forwarded request, in milliseconds. */
const EXECUTION_MS = 150;

/**
 * A proxy in front of PostgreSQL that loses the answer to a COMMIT or to another request: PostgreSQL executes it, its client
 * gets an error or the end of the connection instead.
 */
export class CommitProxy {
  private armed: { readonly text: string; readonly answer: ErrorFields | undefined } | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** URL of the database through the proxy. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<CommitProxy> {
    const url = new URL(databaseUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer((client) => proxy.forward(client, connect(target)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new CommitProxy(server, url.toString());
    return proxy;
  }

  /** Loses the answer to the next COMMIT. Without an answer the connection is closed. */
  loseNextCommit(answer?: ErrorFields): void {
    this.loseNext('COMMIT', answer);
  }

  /** Loses the answer to the next request that contains a text. Without an answer the connection is closed. */
  loseNext(text: string, answer?: ErrorFields): void {
    this.armed = { text, answer };
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(client: Socket, backend: Socket): void {
    let isLost = false;
    for (const socket of [client, backend]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    }
    backend.on('data', (bytes) => void (isLost || client.write(bytes)));
    backend.on('close', () => void (isLost || client.destroy()));
    client.on('close', () => backend.destroy());
    client.on('data', (bytes) => {
      backend.write(bytes);
      if (!this.armed || !bytes.includes(this.armed.text)) return;
      const { answer } = this.armed;
      this.armed = undefined;
      isLost = true;
      setTimeout(() => (answer ? client.end(errorResponse(answer)) : client.end()), EXECUTION_MS);
    });
  }
}

function errorResponse(fields: ErrorFields): Buffer {
  const text = Object.entries(fields).map(([field, value]) => `${field}${value}\0`);
  const content = Buffer.from(`${text.join('')}\0`);
  const header = Buffer.alloc(5);
  header.write('E');
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}
