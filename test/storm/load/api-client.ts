import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
}

/** A resource, a problem, or nothing. */
export interface Body {
  readonly version?: number;
  readonly [field: string]: unknown;
}

export interface Sending {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Relative to `/api/v1`. */
  readonly path: string;
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly token: string;
}

/** A frozen process does not answer. */
const TIMEOUT_MS = 8_000;
/** How long a process gets no requests after one had no answer. */
const AVOID_MS = 1_000;
const RETRY_MS = 100;
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'EADDRNOTAVAIL']);

/** The request had no complete answer: it may have had its effect. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/** Sends requests to several API processes, as a load balancer with health checks does. */
export class ApiClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private readonly avoidUntil: number[];
  private turn = 0;

  constructor(private readonly urls: readonly string[]) {
    this.avoidUntil = urls.map(() => 0);
  }

  /**
   * Sends it to one process; to another one when no connection is made.
   * @param isEnded ends the attempts.
   * @throws UnansweredError
   */
  async send(sending: Sending, isEnded: () => boolean): Promise<Answer> {
    for (;;) {
      const index = this.choose();
      try {
        return await this.exchange(this.urls[index]!, sending);
      } catch (error) {
        this.avoidUntil[index] = Date.now() + AVOID_MS;
        const { code = '', message } = error as NodeJS.ErrnoException;
        if (!NOT_CONNECTED.has(code) || isEnded()) throw new UnansweredError(code || message, { cause: error });
        await delay(RETRY_MS);
      }
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private choose(): number {
    this.turn += 1;
    const order = this.urls.map((_, offset) => (this.turn + offset) % this.urls.length);
    return order.find((index) => this.avoidUntil[index]! <= Date.now()) ?? order[0]!;
  }

  private exchange(url: string, { method, path, body, headers, token }: Sending): Promise<Answer> {
    const text = typeof body === 'string' ? body : body && JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/csv' : 'application/json';
    return new Promise((resolve, reject) => {
      const options = {
        method,
        agent: this.agent,
        timeout: TIMEOUT_MS,
        headers: { authorization: `Bearer ${token}`, ...(text !== undefined && { 'content-type': type }), ...headers },
      };
      const outgoing = request(`${url}/api/v1${path}`, options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const { statusCode, headers: given, complete } = incoming;
          const answer = Buffer.concat(chunks).toString() || '{}';
          if (!complete) reject(new Error('the answer is incomplete'));
          else resolve({ status: statusCode!, headers: given, body: JSON.parse(answer) as Body });
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }
}
