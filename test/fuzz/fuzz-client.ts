import { Agent, request } from 'node:http';
import type { ReceivedAnswer } from './api-document.js';
import type { FuzzRequest } from './fuzz-request.js';

/** Sends requests over connections that it reuses. */
export class FuzzClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(private readonly url: string) {}

  /**
   * Sends a request and reads its whole answer; of an event stream only the head.
   * @throws Error of the socket when the answer is incomplete.
   */
  send({ method, url, headers, body }: Omit<FuzzRequest, 'number' | 'operation'>): Promise<ReceivedAnswer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const outgoing = request(
        `${this.url}/`,
        { method, path: url, agent: this.agent, headers: { ...headers, ...length } },
        (incoming) => {
          const status = incoming.statusCode!;
          const mediaType = (incoming.headers['content-type'] ?? '').split(';')[0]!;
          if (mediaType === 'text/event-stream') {
            resolve({ status, mediaType, body: '' });
            incoming.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => resolve({ status, mediaType, body: Buffer.concat(chunks).toString() }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** The request as a command line. */
  curl({ method, url, headers, body }: FuzzRequest): string {
    const quoted = (text: string): string => `$'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(/[\x00-\x1f]/g, hex)}'`;
    const options = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
    const data = body === undefined ? [] : [`--data-binary ${quoted(body.toString())}`];
    const head = method === 'HEAD' ? '-I' : `-X ${method}`;
    return ['curl -i -g --path-as-is', head, ...options, ...data, quoted(this.url + url)].join(' ');
  }

  close(): void {
    this.agent.destroy();
  }
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
