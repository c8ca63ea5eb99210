import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '#platform/services';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A proxy in front of a server whose connections a test can break. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private isCut = false;
  private isFrozen = false;
  private losesAnswers = false;

  private constructor(
    private readonly listener: Server,
    readonly port: number,
    private readonly targetPort: number,
  ) {}

  static async start(targetPort: number): Promise<TcpProxy> {
    const port = await freePort();
    const listener = createServer({ noDelay: true }, (client) => proxy.accept(client));
    const proxy = new TcpProxy(listener, port, targetPort);
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return proxy;
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.port = String(this.port);
    return changed.toString();
  }

  /** Ends every connection, and each new one, until {@link heal}. */
  cut(): void {
    this.isCut = true;
    for (const pair of this.pairs) close(pair);
  }

  /** Forwards nothing and ends nothing until {@link heal}, as a network that drops packets. */
  freeze(): void {
    this.isFrozen = true;
    for (const { client, server } of this.pairs) for (const socket of [client, server]) socket.pause();
  }

  /** Forwards requests, but no answers, until {@link heal} ends the connections: commits get no answer. */
  loseAnswers(): void {
    this.losesAnswers = true;
  }

  /** Forwards again. */
  heal(): void {
    if (this.losesAnswers) for (const pair of this.pairs) close(pair);
    this.isCut = this.isFrozen = this.losesAnswers = false;
    for (const { client, server } of this.pairs) for (const socket of [client, server]) socket.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    this.listener.close();
    await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.isCut) {
      client.destroy();
      return;
    }
    const server = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true });
    const pair = { client, server };
    this.pairs.add(pair);
    server.on('error', () => undefined);
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => void (this.losesAnswers || client.write(bytes)));
    for (const socket of [client, server]) {
      socket.on('close', () => {
        this.pairs.delete(pair);
        // What was received before the end is still written.
        client.destroySoon();
        server.destroySoon();
      });
    }
    if (this.isFrozen) for (const socket of [client, server]) socket.pause();
  }
}

function close({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}
