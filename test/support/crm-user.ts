import { randomUUID } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { accessToken } from '#platform/testing';
import type { Program } from './programs/processes.js';

/** An answer of the API. */
export interface Reply<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: T;
}

export interface DealBody {
  readonly id: string;
  readonly client_id: string;
  readonly version: number;
  readonly updated_at: string;
  readonly stage: string;
  readonly next_review_at: string;
}

/** No review of a deal opened for this day becomes due while a test runs. */
export const FAR_DAY = '2099-01-01';

/** A client with a token of these roles, which reuses its connections as a browser does. */
export class CrmUser {
  readonly id = randomUUID();
  readonly token: string;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 32 });

  constructor(
    private readonly api: Pick<Program, 'url'>,
    roles: readonly string[] = ['ROLE_SALES_AGENT'],
  ) {
    this.token = accessToken({ userId: this.id, roles });
  }

  get<T>(path: string): Promise<Reply<T>> {
    return this.send<T>('GET', path);
  }

  post<T>(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Reply<T>> {
    return this.send<T>('POST', path, body, headers);
  }

  patch<T>(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Reply<T>> {
    return this.send<T>('PATCH', path, body, headers);
  }

  /**
   * Sends a request; paths are relative to `/api/v1`.
   * @throws Error of the socket when the answer is incomplete.
   */
  send<T>(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply<T>> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.api.url}/api/v1${path}`,
        {
          method,
          agent: this.agent,
          headers: {
            authorization: `Bearer ${this.token}`,
            ...(body && { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const answer = text === '' ? undefined : (JSON.parse(text) as T);
            resolve({ status: incoming.statusCode!, headers: incoming.headers, body: answer as T });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(Buffer.isBuffer(body) ? body : body && JSON.stringify(body));
    });
  }

  /** Sends a CSV file. */
  upload<T>(path: string, csv: string): Promise<Reply<T>> {
    return this.send<T>('POST', path, Buffer.from(csv), { 'content-type': 'text/csv' });
  }

  /** Adds a client as this user. */
  async addClient(): Promise<string> {
    const { status, body } = await this.post<{ id: string }>('/clients', { name: 'ООО «Ромашка»', kind: 'company' });
    if (status !== 201) throw new Error(`the client was refused with ${status}: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** Opens a deal as this user. */
  async openDeal(
    clientId: string,
    nextReviewAt = FAR_DAY,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<DealBody> {
    const deal = { client_id: clientId, title: 'КАСКО', next_review_at: nextReviewAt };
    const { status, body } = await this.post<DealBody>('/deals', deal, headers);
    if (status !== 201) throw new Error(`the deal was refused with ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Closes its connections. */
  close(): Promise<void> {
    this.agent.destroy();
    return Promise.resolve();
  }
}
