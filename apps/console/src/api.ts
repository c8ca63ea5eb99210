import type { Session } from './session.js';

const PREFIX = '/api/v1';

/** An answer that was a refusal; status 0 when nobody answered. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
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
    throw new ApiFailure(answer.status, detail);
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
