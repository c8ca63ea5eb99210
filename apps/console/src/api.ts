import type { Session } from './session.js';

const PREFIX = '/api/v1';
/** When the server doesn't say. */
const RETRY_AFTER_S = 5;

/** An answer that was a refusal; status 0 when nobody answered. */
export class ApiFailure extends Error {
  /** @param retryAfter the answer's header of that name, in seconds. */
  constructor(
    readonly status: number,
    detail: string,
    private readonly retryAfter: string | null = null,
  ) {
    super(detail);
  }

  /** What was asked for isn't there for the caller, or no more. */
  get isDenial(): boolean {
    return this.status === 403 || this.status === 404;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** How long to wait before asking again; undefined when the answer would be the same. */
  get retryAfterMs(): number | undefined {
    const isPassing = this.status === 0 || this.status === 429 || this.status >= 500;
    return isPassing ? (Number(this.retryAfter) || RETRY_AFTER_S) * 1_000 : undefined;
  }
}

/** What the page asks of the API, as whoever is signed in. The token goes into a header, never into an address. */
export class Api {
  /** @param onDenied the token is no longer (or never was) good for anything; told why. */
  constructor(
    private readonly session: Session,
    private readonly onDenied: (reason: string) => void,
  ) {}

  /** @throws ApiFailure */
  async get<T>(path: string): Promise<T> {
    return (await this.ask(PREFIX + path)).json() as Promise<T>;
  }

  /** @throws ApiFailure */
  async text(path: string): Promise<string> {
    return (await this.ask(PREFIX + path)).text();
  }

  /**
   * The stream of events.
   * @param lastEventId go on after this one.
   * @throws ApiFailure
   */
  async stream(lastEventId: string | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const { body } = await this.ask('/streams/deals', { headers, signal });
    if (!body) throw new ApiFailure(0, 'The stream has no content.');
    return body;
  }

  private async ask(
    url: string,
    { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const { token } = this.session;
    const answer = await fetch(url, {
      headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      // A token that was given is the one that counts, whatever cookie there is.
      credentials: token === null ? 'same-origin' : 'omit',
      cache: 'no-store',
      signal: signal ?? null,
    }).catch((error: unknown) => {
      throw new ApiFailure(0, (error as Error).message);
    });
    if (answer.ok) return answer;
    const detail = await reasonOf(answer);
    if (answer.status === 401) this.onDenied(detail);
    throw new ApiFailure(answer.status, detail, answer.headers.get('retry-after'));
  }
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const { detail } = (await answer.json()) as { detail?: string };
    return detail ?? answer.statusText;
  } catch {
    return answer.statusText; // a proxy's page
  }
}
