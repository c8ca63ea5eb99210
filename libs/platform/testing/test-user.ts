import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { API_PREFIX } from '#platform/http';
import { accessToken } from './access-token.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a request was answered. */
export interface Answer<T> {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON, or the text of another type; undefined when there was none. */
  readonly body: T;
  /** The problem's code when it was refused. */
  readonly code: string | undefined;
}

/** What a request has beside its method and path. */
export interface Sending {
  /** Text and bytes go as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Inject = NestFastifyApplication['inject'];

/** A user who sends requests to a test application; paths begin behind `/api/v1`. */
export class TestUser {
  /**
   * @param id UUID.
   * @param roles names as the Auth service gives them; null: sends no token at all.
   */
  constructor(
    private readonly inject: Inject,
    readonly id: string,
    private readonly roles: readonly string[] | null,
  ) {}

  /** The authorization header; none without a token. */
  get authorization(): Readonly<Record<string, string>> {
    if (!this.roles) return {};
    return { authorization: `Bearer ${accessToken({ userId: this.id, roles: this.roles })}` };
  }

  get<T>(path: string, headers: Sending['headers'] = {}): Promise<Answer<T>> {
    return this.send<T>('GET', path, { headers });
  }

  post<T>(path: string, body?: unknown, headers: Sending['headers'] = {}): Promise<Answer<T>> {
    return this.send<T>('POST', path, { body, headers });
  }

  patch<T>(path: string, body?: unknown, headers: Sending['headers'] = {}): Promise<Answer<T>> {
    return this.send<T>('PATCH', path, { body, headers });
  }

  delete<T>(path: string, headers: Sending['headers'] = {}): Promise<Answer<T>> {
    return this.send<T>('DELETE', path, { headers });
  }

  async send<T>(method: Method, path: string, { body, headers = {} }: Sending = {}): Promise<Answer<T>> {
    const isPlain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const answer = await this.inject({
      method,
      url: `/${API_PREFIX}${path}`,
      headers: {
        ...this.authorization,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: isPlain ? body : JSON.stringify(body) }),
    });
    const isJson = String(answer.headers['content-type']).includes('json');
    const parsed = answer.body === '' ? undefined : ((isJson ? JSON.parse(answer.body) : answer.body) as T);
    const code = answer.statusCode < 400 ? undefined : (parsed as { code?: string } | undefined)?.code;
    return { status: answer.statusCode, headers: answer.headers as Answer<T>['headers'], body: parsed as T, code };
  }
}
