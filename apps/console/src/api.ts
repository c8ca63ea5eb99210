import type { Session } from './session.js';

const PREFIX = '/api/v1';
/** Default when the server sends no limit. */
const RETRY_AFTER_S = 5;

/** A refused request; status 0 when the server did not answer. */
export class ApiFailure extends Error {
  /** @param retryAfter the answer's header of that name, in seconds. */
  constructor(
    readonly status: number,
    detail: string,
    private readonly retryAfter: string | null = null,
  ) {
    super(detail);
  }

  /** Whether the resource is not visible to the user, or no longer. */
  get isDenial(): boolean {
    return this.status === 403 || this.status === 404;
  }

  get isNotFound(): boolean {
    return this.status === 404;
  }

  /** Delay before a retry; undefined when a retry cannot succeed. */
  get retryAfterMs(): number | undefined {
    const isPassing = this.status === 0 || this.status === 429 || this.status >= 500;
    return isPassing ? (Number(this.retryAfter) || RETRY_AFTER_S) * 1_000 : undefined;
  }
}

/** HTTP client of the API for the signed-in user. The token is sent in a header, never in an address. */
export class Api {
  /** @param onDenied receives the reason when the API refuses the token. */
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
   * Opens the stream of events.
   * @param lastEventId resumes after this event.
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
      // A token takes precedence over a cookie.
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
