import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { CommandError } from '../command.js';
import { developmentAuth, signToken } from '../development/token.js';

const DEFAULT_URL = 'http://localhost:8082';

/** Client of the API of a running installation, with an admin's token. */
export class CrmApi {
  private readonly url: string;
  private readonly token: string;

  /**
   * @param env `CRM_ACCESS_TOKEN` is the token; without it one is signed with the development secret.
   * @throws CommandError when no token is available.
   */
  constructor(env: NodeJS.ProcessEnv, url = env.CRM_PUBLIC_URL || DEFAULT_URL) {
    this.url = `${url.replace(/\/$/, '')}/api/v1`;
    this.token = env.CRM_ACCESS_TOKEN || developmentToken(env);
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>('GET', path);
  }

  post<T>(path: string, content: Readable, headers: Readonly<Record<string, string>>): Promise<T> {
    return this.send<T>('POST', path, content, headers);
  }

  private async send<T>(
    method: string,
    path: string,
    content?: Readable,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const { status, text } = await answerOf(this.url + path, method, this.token, headers, content);
    const body: unknown = JSON.parse(text);
    if (status < 400) return body as T;
    const { detail, code, errors = [] } = body as Refusal;
    const faults = errors.map((fault) => `\n  ${fault.pointer.slice(1)}: ${fault.detail}`);
    throw new CommandError(`The API refuses it (${status} ${code}): ${detail}${faults.join('')}`);
  }
}

interface Refusal {
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Accepts an answer that comes before the request is sent completely; the rest is not sent. */
function answerOf(
  url: string,
  method: string,
  token: string,
  headers: Readonly<Record<string, string>>,
  content?: Readable,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestHttps : requestHttp;
    let isAnswered = false;
    const outgoing: ClientRequest = request(
      url,
      { method, headers: { ...headers, authorization: `Bearer ${token}` } },
      (incoming: IncomingMessage) => {
        isAnswered = true;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          content?.destroy();
          resolve({ status: incoming.statusCode!, text: Buffer.concat(chunks).toString() });
          outgoing.destroy();
        });
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (!isAnswered) reject(new CommandError(`The API at ${url} can't be reached: ${error.code ?? error.message}.`));
    });
    if (!content) return void outgoing.end();
    content.on('error', (error) => {
      outgoing.destroy();
      reject(new CommandError(`The file can't be read: ${error.message}.`));
    });
    content.pipe(outgoing);
  });
}

function developmentToken(env: NodeJS.ProcessEnv): string {
  const auth = developmentAuth(env);
  if (!auth.accessSecret) throw new CommandError('Put the access token of an admin into CRM_ACCESS_TOKEN.');
  return signToken('admin', auth, auth.accessSecret);
}
