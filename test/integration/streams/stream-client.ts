import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from '#platform/testing';

/** A parsed frame. */
export interface ReceivedFrame {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface StreamOptions {
  readonly path?: string;
  readonly query?: string;
  readonly token?: string;
  readonly lastEventId?: string;
  readonly headers?: Record<string, string>;
}

/** A client of the event stream with its own socket. */
export class StreamClient {
  readonly frames: ReceivedFrame[] = [];
  /** Comments, without the colon. */
  readonly comments: string[] = [];
  /** The raw text received. */
  text = '';
  /** The last id received, in a frame or alone. */
  lastEventId: string | undefined;
  isClosed = false;
  private rest = '';

  private constructor(
    readonly response: IncomingMessage,
    private readonly outgoing: ClientRequest,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    response.on('error', () => undefined);
    response.on('close', () => (this.isClosed = true));
  }

  /** Resolves with the head of the answer, whatever its status. */
  static open(port: number, options: StreamOptions = {}): Promise<StreamClient> {
    const { path = '/streams/deals', query = '', token, lastEventId, headers } = options;
    return new Promise((resolve, reject) => {
      const outgoing = request({
        port,
        host: '127.0.0.1',
        path: query ? `${path}?${query}` : path,
        agent: false,
        headers: {
          connection: 'keep-alive',
          ...(token && { authorization: `Bearer ${token}` }),
          ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
          ...headers,
        },
      });
      outgoing.on('response', (response) => resolve(new StreamClient(response, outgoing)));
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  get status(): number {
    return this.response.statusCode!;
  }

  /** Names in the data of the received events. */
  get numbers(): unknown[] {
    return this.frames.filter(({ event }) => event !== 'reset').map(({ data }) => (data.data as { n?: number }).n);
  }

  /** Waits for a number of frames. */
  async received(count: number): Promise<readonly ReceivedFrame[]> {
    await until(() => this.frames.length >= count);
    return this.frames;
  }

  /** Waits for the end of the answer. */
  async closed(): Promise<void> {
    await until(() => this.isClosed);
  }

  /** Waits for two heartbeats, after which earlier frames have arrived. */
  async beats(): Promise<void> {
    const before = this.comments.length;
    await until(() => this.comments.length >= before + 2);
  }

  /** Waits until the last id is at or after `position`. */
  async reached(position: number): Promise<void> {
    await until(() => Number(this.lastEventId ?? -1) >= position);
  }

  /** Stops reading, as a client that hangs. */
  pause(): void {
    this.response.pause();
  }

  /** Resumes reading. */
  resume(): void {
    this.response.resume();
  }

  close(): void {
    this.outgoing.destroy();
  }

  private take(text: string): void {
    this.text += text;
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) this.takeBlock(block);
  }

  private takeBlock(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      if (colon === 0) this.comments.push(line.slice(1).trim());
      else fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    this.lastEventId = fields.get('id') ?? this.lastEventId;
    const data = fields.get('data');
    if (data === undefined) return;
    this.frames.push({
      id: fields.get('id')!,
      event: fields.get('event')!,
      data: JSON.parse(data) as Record<string, unknown>,
    });
  }
}
