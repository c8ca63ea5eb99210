import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { StreamSettings } from '#platform/config';
import { UserShares } from '#platform/http';
import { DomainError } from '#platform/kernel';
import {
  type LogFilter,
  LogReader,
  type LoggedEvent,
  positionGone,
  positionInFuture,
  Wakeup,
} from '#platform/messaging';
import { EventFilter } from '../streams/event-filter.js';
import { LogTail } from '../streams/log-tail.js';

/** Requests that may wait at a time; one more is answered at once. */
const MOST_WAITING = 1_000;

/** What is asked of the feed. */
export interface FeedRequest {
  /** UUID of the caller. */
  readonly userId: string;
  /** The oldest event kept when left out. */
  readonly after: bigint | undefined;
  readonly filter: LogFilter;
  readonly limit: number;
  /** How long to wait when there is nothing, in milliseconds. */
  readonly waitMs: number;
}

/** A part of the feed. */
export interface FeedPage {
  readonly events: readonly LoggedEvent[];
  /** Where to go on. */
  readonly through: bigint;
  readonly hasMore: boolean;
}

/** How long a long poll trusts that it is told. */
@Injectable()
export class FeedTrust {
  /** It looks into the log this often, whatever it is told; in milliseconds. */
  readonly pollMs: number = 5_000;
}

/** The log for consumers that pull: any part of it, and the newest as soon as it is there. */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private readonly waiting = new Set<AbortController>();
  private readonly shares: UserShares;
  private isStopping = false;

  constructor(
    private readonly reader: LogReader,
    private readonly tail: LogTail,
    private readonly trust: FeedTrust,
    private readonly settings: StreamSettings,
  ) {
    this.shares = new UserShares(settings.longPollsPerUser);
  }

  /** How many requests wait for news. */
  get waiters(): number {
    return this.waiting.size;
  }

  /** Answers those who wait, so that they don't hold up the stop. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const poll of this.waiting) poll.abort();
  }

  /**
   * @param onLeave is given what to call when the client has left.
   * @throws DomainError `position_gone`, `position_in_future`, `too_many_polls`.
   */
  async read(request: FeedRequest, onLeave: (listener: () => void) => void): Promise<FeedPage> {
    if (request.waitMs === 0 || this.isStopping) return this.page(request);
    const { userId } = request;
    if (!this.shares.take(userId)) throw tooManyPolls(this.settings.longPollsPerUser);
    try {
      return await this.poll(request, onLeave);
    } finally {
      this.shares.release(userId);
    }
  }

  private async poll(request: FeedRequest, onLeave: (listener: () => void) => void): Promise<FeedPage> {
    const { waitMs, filter } = request;
    if (this.waiting.size >= MOST_WAITING) return this.page(request);
    const poll = new AbortController();
    const timer = setTimeout(() => poll.abort(), waitMs);
    const wakeup = new Wakeup();
    const wanted = new EventFilter(new Set(filter.dealIds), filter.types);
    // Before the first look: what comes after that look wakes.
    const forget = this.tail.subscribe((frames) => {
      if (frames.some((frame) => wanted.takes(frame))) wakeup.wake();
    });
    onLeave(() => poll.abort());
    this.waiting.add(poll);
    try {
      return await this.firstNews(request, wakeup, poll.signal);
    } finally {
      clearTimeout(timer);
      forget();
      this.waiting.delete(poll);
    }
  }

  private async firstNews(request: FeedRequest, wakeup: Wakeup, signal: AbortSignal): Promise<FeedPage> {
    for (let after = request.after; ;) {
      const page = await this.page({ ...request, after });
      if (page.events.length > 0 || page.hasMore || signal.aborted) return page;
      after = page.through;
      await wakeup.next(this.trust.pollMs, signal);
    }
  }

  private async page({ after, filter, limit }: FeedRequest): Promise<FeedPage> {
    const { first, last } = await this.reader.bounds();
    const start = after ?? first - 1n;
    if (start > last) throw positionInFuture(last);
    if (start < first - 1n) throw positionGone(first);
    const { events, through } = await this.reader.readPage(start, last, limit, filter);
    // Looked at again after reading: nothing was taken away from under it.
    const kept = await this.reader.bounds();
    if (start < kept.first - 1n) throw positionGone(kept.first);
    return { events, through, hasMore: through < last };
  }
}

function tooManyPolls(limit: number): DomainError {
  return new DomainError(
    'too_many',
    'too_many_polls',
    `You have ${limit} requests waiting for events, the most one user may have. Try again when one is answered.`,
  );
}
