import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Answer } from '#platform/testing';

/** Time to live of the last event id in Redis. */
const LAST_ID_TTL_S = 60;
const RECONNECT_MS = 50;

/** A request of a client of the gateway. */
export interface ForwardedRequest {
  readonly authorization: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Forwards requests as the gateway of an existing installation does: repeated parameters get brackets, each request but a
 * GET has a JSON body, keys of answers are in camel case.
 */
export class Gateway {
  /** @param upstream URL of the API, without a path. */
  constructor(private readonly upstream: string) {}

  /** @param path behind `/api/v1`, as the client sent it. */
  async forward<T>(method: string, path: string, request: ForwardedRequest): Promise<Answer<T>> {
    const [pathname, query = ''] = path.split('?', 2) as [string, string?];
    const answer = await fetch(`${this.upstream}/api/v1${pathname}${rewritten(query)}`, {
      method,
      headers: {
        authorization: request.authorization,
        ...(method !== 'GET' && { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(method !== 'GET' && { body: JSON.stringify(request.body ?? {}) }),
    });
    const text = await answer.text();
    const body = text === '' ? undefined : camelCased(JSON.parse(text));
    const code = answer.ok ? undefined : (body as { code?: string } | undefined)?.code;
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: body as T, code };
  }
}

/** What a client of the gateway receives: its events have no ids. */
export interface RelayedEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Relays the stream to one client as the gateway does: without an Authorization header, resumed after the id that Redis
 * stores for all clients.
 */
export class GatewayStream {
  readonly events: RelayedEvent[] = [];
  /** `Last-Event-ID` of each connection; undefined where it had none. */
  readonly resumedAfter: (string | undefined)[] = [];
  private connection = new AbortController();
  private relaying: Promise<void> = Promise.resolve();
  private pause: Promise<void> = Promise.resolve();
  private isClosed = false;
  private readonly running: Promise<void>;

  /**
   * @param url of the stream with its service token.
   * @param key of the last event id in Redis.
   */
  constructor(
    private readonly url: string,
    private readonly redis: Redis,
    private readonly key: string,
  ) {
    this.running = this.run();
  }

  /** Cuts the connection to the service; the next one comes when `work` is done. It begins when the last id is stored. */
  async interrupt(work: () => Promise<void>): Promise<void> {
    this.pause = this.relaying.then(work);
    this.connection.abort();
    await this.pause;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.connection.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      this.relaying = this.relay().catch(() => undefined);
      await this.relaying;
      await this.pause;
      await delay(RECONNECT_MS);
    }
  }

  private async relay(): Promise<void> {
    const lastId = (await this.redis.get(this.key)) ?? undefined;
    this.connection = new AbortController();
    const headers = new Headers(lastId === undefined ? [] : [['last-event-id', lastId]]);
    const answer = await fetch(this.url, { headers, signal: this.connection.signal });
    if (!answer.ok) throw new Error(`the stream was refused with ${answer.status}`);
    this.resumedAfter.push(lastId);
    let text = '';
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const frames = (text + chunk).split('\n\n');
      text = frames.pop()!;
      for (const frame of frames) await this.take(frame);
    }
  }

  private async take(frame: string): Promise<void> {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1];
    const [id, event, data] = [field('id'), field('event'), field('data')];
    // Who sees the event finds its id in Redis.
    if (id !== undefined) await this.redis.set(this.key, id, 'EX', LAST_ID_TTL_S);
    if (event !== undefined) this.events.push({ event, data: JSON.parse(data ?? '{}') as RelayedEvent['data'] });
  }
}

/** `a=1&a=2` as `a[]=1&a[]=2`, in the encoding of the gateway's HTTP client. */
function rewritten(query: string): string {
  const given = [...new URLSearchParams(query)];
  const names = given.map(([name]) => name);
  const isList = (name: string) => names.indexOf(name) !== names.lastIndexOf(name);
  const pairs = given.map(([name, value]) => `${encoded(isList(name) ? `${name}[]` : name)}=${encoded(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const UNENCODED: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%24': '$',
  '%2C': ',',
  '%20': '+',
  '%5B': '[',
  '%5D': ']',
};

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|24|2C|20|5B|5D)/g, (code) => UNENCODED[code]!);
}

function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  const name = (key: string) => key.replace(/_+([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [name(key), camelCased(member)]));
}
