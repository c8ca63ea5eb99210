import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RedisSettings } from '#platform/config';
import { Log } from '#platform/observability';

const PREFIX = 'crm:requests:';
const COMMAND_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 5_000;

/** One addition to a count. */
interface Increment {
  readonly key: string;
  readonly by: number;
}

/** The counts of all API processes in Redis. They may be lost at any time: each process has its own as well. */
@Injectable()
export class SharedCounts {
  private readonly redis: Redis | undefined;
  private isReachable = true;

  constructor(
    settings: RedisSettings,
    private readonly log: Log,
  ) {
    const { endpoint } = settings;
    if (endpoint === undefined) return;
    this.redis = new Redis({
      ...endpoint,
      connectionName: 'crm-requests',
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
      retryStrategy: (times) => Math.min(times * 200, MAX_RECONNECT_DELAY_MS),
    });
    this.redis.on('error', (error) => this.report(error));
    this.redis.on('ready', () => (this.isReachable = true));
  }

  get isConfigured(): boolean {
    return this.redis !== undefined;
  }

  /**
   * Adds to counts that expire.
   * @returns the new totals in the same order; undefined if Redis can't be reached.
   */
  async add(increments: readonly Increment[], expiresInMs: number): Promise<number[] | undefined> {
    if (this.redis?.status !== 'ready') return undefined;
    const pipeline = this.redis.pipeline();
    for (const { key, by } of increments) {
      pipeline.incrby(`${PREFIX}${key}`, by).pexpire(`${PREFIX}${key}`, expiresInMs);
    }
    try {
      const results = (await pipeline.exec()) ?? [];
      const failed = results.find(([error]) => error);
      if (failed) throw failed[0]!;
      return increments.map((_, i) => Number(results[2 * i]![1]));
    } catch (error) {
      this.report(error as Error);
      return undefined;
    }
  }

  close(): void {
    this.redis?.disconnect();
  }

  /** One line for each outage. */
  private report(error: Error): void {
    if (this.isReachable)
      this.log.warn({ err: error }, 'Redis is unreachable: each API process counts requests by itself');
    this.isReachable = false;
  }
}
