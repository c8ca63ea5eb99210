import { type Api, ApiFailure } from '../api.js';
import type { CrmEvent } from '../resources.js';
import { type Frame, framesOf } from './frames.js';

/** Number of past positions that a new page requests, in scope or not. */
const PAST_EVENTS = 200n;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
/** Four heartbeats: a stream that is silent for longer is treated as dead. */
const SILENCE_MS = 60_000;

/** State of the stream. */
export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly since: Date; readonly resumedAfter?: string | undefined; readonly isReset?: true }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** A signal to listeners: an event, or that any data may have changed. */
export type Signal =
  { readonly kind: 'event'; readonly event: CrmEvent; readonly isPast: boolean } | { readonly kind: 'refresh' };

/** Follows the stream of events while the page is open; after an outage it resumes after the last received event. */
export class EventFeed {
  private readonly listeners = new Set<(signal: Signal) => void>();
  private readonly stopping = new AbortController();
  private connection = new AbortController();
  private wake: () => void = () => undefined;
  private lastId: string | undefined;
  /** End of the log when the page was opened; undefined before it is known. */
  private origin: bigint | undefined;
  private wait = FIRST_WAIT_MS;

  constructor(
    private readonly api: Api,
    private readonly onState: (state: FeedState) => void,
  ) {}

  /** @returns a function that removes the listener. */
  listen(listener: (signal: Signal) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Follows until {@link stop}, or until the API refuses permanently. */
  async run(): Promise<void> {
    for (const name of ['online', 'visibilitychange']) addEventListener(name, () => this.wake(), this.stopping);
    while (!this.stopping.signal.aborted) {
      try {
        this.connection = new AbortController();
        this.origin ??= await this.presentPosition();
        await this.follow(this.origin);
        this.onState({ kind: 'lost', reason: 'The server closed the stream' });
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        const { status = 0, message = '' } = error as Partial<ApiFailure>;
        if (status === 401) return;
        if (status === 403) return this.onState({ kind: 'refused', reason: message });
        this.onState({ kind: 'lost', reason: status === 0 ? 'The server does not answer' : message });
      }
      await this.pause();
    }
  }

  stop(): void {
    this.stopping.abort();
    this.connection.abort();
    this.wake();
  }

  /** Position that a new stream starts from. */
  private async presentPosition(): Promise<bigint> {
    const body = await this.api.stream(undefined, this.connection.signal);
    for await (const { id } of framesOf(body, () => undefined)) if (id !== undefined) return BigInt(id);
    throw new ApiFailure(0, 'The stream ended at once.');
  }

  private async follow(origin: bigint): Promise<void> {
    const resumedAfter = this.lastId;
    const past = origin > PAST_EVENTS ? origin - PAST_EVENTS : 0n;
    const body = await this.api.stream(resumedAfter ?? String(past), this.connection.signal);
    this.wait = FIRST_WAIT_MS;
    this.onState({ kind: 'live', since: new Date(), resumedAfter });
    if (resumedAfter !== undefined) this.emit({ kind: 'refresh' });
    this.lastId ??= String(origin);
    let silence = 0;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => this.connection.abort(), SILENCE_MS);
    };
    try {
      heard();
      for await (const frame of framesOf(body, heard)) this.take(frame, origin, resumedAfter !== undefined);
    } finally {
      clearTimeout(silence);
    }
  }

  private take({ id, event, data }: Frame, origin: bigint, isResumption: boolean): void {
    const isPast = id !== undefined && BigInt(id) <= origin;
    if (id !== undefined && !isPast) this.lastId = id;
    if (event === 'reset') {
      if (isResumption) this.onState({ kind: 'live', since: new Date(), isReset: true });
      this.emit({ kind: 'refresh' });
    } else if (data !== undefined) {
      this.emit({ kind: 'event', event: JSON.parse(data) as CrmEvent, isPast });
    }
  }

  private emit(signal: Signal): void {
    for (const listener of this.listeners) listener(signal);
  }

  /** Waits longer after each failure; ends early when the page becomes visible or the browser goes online. */
  private pause(): Promise<void> {
    const wait = this.wait;
    this.wait = Math.min(2 * wait, MAX_WAIT_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
