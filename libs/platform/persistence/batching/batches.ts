import { AsyncResource } from 'node:async_hooks';
import { waitedTooLong } from '../connection/database-errors.js';

interface Waiting<I, O> {
  readonly item: I;
  readonly key: string | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly since: number;
  readonly resolve: (output: O | PromiseLike<O>) => void;
  readonly reject: (reason: unknown) => void;
}

/** Limits of the batches. */
interface BatchLimits<I> {
  /** Batches that run at the same time. */
  readonly maxConcurrent: number;
  /** Items of one batch. */
  readonly maxBatchSize: number;
  /** How long an item waits for its batch to begin, in milliseconds; without a limit when omitted. */
  readonly maxWaitMs?: number;
  /** Of items with the same key one is processed at a time. */
  readonly keyOf?: (item: I) => string;
}

/**
 * Processes items that arrive at the same time in one batch. A batch starts at once while fewer than `maxConcurrent` run;
 * items that arrive meanwhile form the next one, so that batches grow with the load, and have one item without it.
 */
export class Batches<I, O> {
  /** Items for the next batches: no two have the same key, and none has the key of an item that is processed. */
  private readonly ready: Waiting<I, O>[] = [];
  /** For each key of an item that is ready or processed, the items that wait for it, in their order. */
  private readonly queues = new Map<string, Waiting<I, O>[]>();
  private waiting = 0;
  private activeBatches = 0;
  private isScheduled = false;
  private expiryTimer: NodeJS.Timeout | undefined;
  /** Runs outside any request's async context and transaction, because a batch serves several requests. */
  private readonly begin = AsyncResource.bind(() => {
    this.isScheduled = false;
    const batch = this.ready.splice(0, this.limits.maxBatchSize);
    this.waiting -= batch.length;
    if (batch.length > 0) void this.run(batch);
  });

  /**
   * @param work returns an output for each item in order, or a promise, for which the next batch does not wait; an error
   *   that it throws rejects all items.
   */
  constructor(
    private readonly work: (items: readonly I[]) => Promise<readonly (O | PromiseLike<O>)[]>,
    private readonly limits: BatchLimits<I>,
  ) {}

  /** @throws Error that is {@link isUnavailable} when its batch did not start in time. */
  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      const key = this.limits.keyOf?.(item);
      this.enqueue({ item, key, since: performance.now(), resolve, reject });
      this.schedule();
    });
  }

  private enqueue(one: Waiting<I, O>): void {
    this.waiting += 1;
    const queue = one.key === undefined ? undefined : this.queues.get(one.key);
    if (queue) return void queue.push(one);
    if (one.key !== undefined) this.queues.set(one.key, []);
    this.ready.push(one);
  }

  /** Starts after the requests that have already arrived, which the event loop reads one after the other. */
  private schedule(): void {
    if (this.waiting === 0) return;
    const { maxWaitMs } = this.limits;
    if (maxWaitMs !== undefined)
      this.expiryTimer ??= setTimeout(() => this.refuseLate(maxWaitMs), maxWaitMs / 4).unref();
    if (this.isScheduled || this.ready.length === 0 || this.activeBatches >= this.limits.maxConcurrent) return;
    this.isScheduled = true;
    setImmediate(this.begin);
  }

  private async run(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.activeBatches += 1;
    this.schedule();
    try {
      const outputs = await this.work(batch.map(({ item }) => item));
      batch.forEach((one, place) => this.answer(one, outputs[place]!));
    } catch (error) {
      for (const one of batch) {
        one.reject(error);
        this.release(one);
      }
    } finally {
      this.activeBatches -= 1;
      this.schedule();
    }
  }

  private answer(one: Waiting<I, O>, output: O | PromiseLike<O>): void {
    one.resolve(output);
    if (!(output instanceof Promise)) return this.release(one);
    const release = (): void => {
      this.release(one);
      this.schedule();
    };
    void output.then(release, release);
  }

  /** Makes the next item of the same key ready. */
  private release({ key }: Waiting<I, O>): void {
    if (key === undefined) return;
    const next = this.queues.get(key)!.shift();
    if (next) this.ready.push(next);
    else this.queues.delete(key);
  }

  /** Refuses items that wait too long. Without it they would wait forever if the running batches never end. */
  private refuseLate(maxWaitMs: number): void {
    this.expiryTimer = undefined;
    const latest = performance.now() - maxWaitMs;
    const expired = [...this.queues.values()].flatMap((queue) => takeUntil(queue, latest));
    const expiredReady = takeUntil(this.ready, latest);
    for (const one of expiredReady) this.release(one);
    for (const one of [...expired, ...expiredReady]) one.reject(waitedTooLong());
    this.waiting -= expired.length + expiredReady.length;
    this.schedule();
  }
}

/** Removes the items that have waited since `latest` or longer. */
function takeUntil<I, O>(items: Waiting<I, O>[], latest: number): Waiting<I, O>[] {
  const expired = items.filter(({ since }) => since <= latest);
  if (expired.length > 0) items.splice(0, items.length, ...items.filter(({ since }) => since > latest));
  return expired;
}
