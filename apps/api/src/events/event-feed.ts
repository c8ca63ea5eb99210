import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { StreamSettings } from '#platform/config';
import { UserConcurrencyLimit } from '#platform/http';
import { DomainError } from '#platform/kernel';
import {
  type LogFilter,
  LogReader,
  type LoggedEvent,
  positionGone,
  positionInFuture,
  Wakeup,
} from '#platform/messaging';
import { EventFilter } from '../streams/selection/event-filter.js';
import { LogTail } from '../streams/delivery/log-tail.js';

/** Maximum number of waiting requests; further requests are answered at once. */
const MAX_WAITING_POLLS = 1_000;

/** Query of the feed. */
export interface FeedRequest {
  /** UUID of the caller. */
  readonly userId: string;
  /** Default: the oldest stored event. */
  readonly after: bigint | undefined;
  readonly filter: LogFilter;
  readonly limit: number;
  /** How long to wait when there is nothing, in milliseconds. */
  readonly waitMs: number;
}

/** A page of the feed. */
export interface FeedPage {
  readonly events: readonly LoggedEvent[];
  /** Position to continue after. */
  readonly through: bigint;
  readonly hasMore: boolean;
}

/** Timing of a long poll. */
@Injectable()
export class FeedTrust {
  /** Interval in milliseconds at which the log is read even without a notification. */
  readonly pollMs: number = 5_000;
}

/** Event log for pull consumers: reads any range, and waits for new events (long poll). */
@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private readonly waiting = new Set<AbortController>();
  private readonly limitPerUser: UserConcurrencyLimit;
  private isStopping = false;

  constructor(
    private readonly reader: LogReader,
    private readonly tail: LogTail,
    private readonly trust: FeedTrust,
    private readonly settings: StreamSettings,
  ) {
    this.limitPerUser = new UserConcurrencyLimit(settings.longPollsPerUser);
  }

  /** Number of waiting requests. */
  get waiters(): number {
    return this.waiting.size;
  }

  /** Answers all waiting requests, so that they do not delay the shutdown. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const poll of this.waiting) poll.abort();
  }

  /**
   * @param onLeave registers a callback for the client's disconnect.
   * @throws DomainError `position_gone`, `position_in_future`, `too_many_polls`.
   */
  async read(request: FeedRequest, onLeave: (listener: () => void) => void): Promise<FeedPage> {
    if (request.waitMs === 0 || this.isStopping) return this.page(request);
    const { userId } = request;
    if (!this.limitPerUser.tryAcquire(userId)) throw tooManyPolls(this.settings.longPollsPerUser);
    try {
      return await this.poll(request, onLeave);
    } finally {
      this.limitPerUser.release(userId);
    }
  }

  private async poll(request: FeedRequest, onLeave: (listener: () => void) => void): Promise<FeedPage> {
    const { waitMs, filter } = request;
    if (this.waiting.size >= MAX_WAITING_POLLS) return this.page(request);
    const poll = new AbortController();
    const timer = setTimeout(() => poll.abort(), waitMs);
    const wakeup = new Wakeup();
    const wanted = new EventFilter(new Set(filter.dealIds), filter.types);
    // Registers before the first read, so that an event committed after that read wakes the request.
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
    // Checks the bounds again after reading: retention may have deleted events in between.
    const bounds = await this.reader.bounds();
    if (start < bounds.first - 1n) throw positionGone(bounds.first);
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
