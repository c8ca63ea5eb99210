import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Clock } from '#platform/kernel';
import { SharedCounts } from './shared-counts.js';

/** Callers that are counted at a time; the least recently seen are dropped. */
const MAX_CALLERS = 100_000;
/** How often the counts of the processes are added up. */
const SHARE_EVERY_MS = 500;

interface Count {
  /** Requests in the window, of this process and, as of the last exchange, of the others. */
  total: number;
  /** Requests that the other processes do not know of yet. */
  unshared: number;
}

/** The requests of one caller in the current window. */
interface Hits {
  readonly totalHits: number;
  /** Seconds until the window ends. */
  readonly timeToExpire: number;
  readonly isBlocked: boolean;
}

/**
 * Counts requests per caller in fixed windows. The count is stored in memory, so that no request waits for Redis; twice a
 * second it is added to the count of the other API processes, if Redis is configured and reachable.
 */
@Injectable()
export class RequestCounter implements OnModuleInit, OnApplicationShutdown {
  private counts = new LRUCache<string, Count>({ max: MAX_CALLERS });
  private window = -1;
  private windowMs = 1;
  private timer: NodeJS.Timeout | undefined;
  private isSharing = false;

  constructor(
    private readonly clock: Clock,
    private readonly shared: SharedCounts,
  ) {}

  onModuleInit(): void {
    if (!this.shared.isConfigured) return;
    this.timer = setInterval(() => void this.share(), SHARE_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.shared.close();
  }

  /**
   * Counts one request.
   * @param ttl length of the window in milliseconds.
   */
  increment(key: string, ttl: number, limit: number): Hits {
    const now = this.clock.epochMs();
    this.enterWindow(Math.floor(now / ttl), ttl);
    const count = this.counts.get(key) ?? { total: 0, unshared: 0 };
    count.total += 1;
    count.unshared += 1;
    this.counts.set(key, count);
    return {
      totalHits: count.total,
      timeToExpire: Math.max(1, Math.ceil(((this.window + 1) * ttl - now) / 1_000)),
      isBlocked: count.total > limit,
    };
  }

  /** Exchanges the counts with the other processes; they stay as they are while Redis can't be reached. */
  async share(): Promise<void> {
    if (this.isSharing) return;
    const { window, windowMs } = this;
    const changed = [...this.counts.entries()].filter(([, count]) => count.unshared > 0);
    if (changed.length === 0) return;
    this.isSharing = true;
    try {
      const increments = changed.map(([key, { unshared }]) => ({ key: `${window}:${key}`, by: unshared }));
      const totals = await this.shared.add(increments, 2 * windowMs);
      totals?.forEach((total, i) => {
        const count = changed[i]![1];
        count.unshared -= increments[i]!.by;
        count.total = total + count.unshared;
      });
    } finally {
      this.isSharing = false;
    }
  }

  private enterWindow(window: number, windowMs: number): void {
    if (window === this.window) return;
    this.window = window;
    this.windowMs = windowMs;
    this.counts = new LRUCache<string, Count>({ max: MAX_CALLERS });
  }
}
