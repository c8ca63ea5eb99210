import { AsyncResource } from 'node:async_hooks';
import { waitedTooLong } from '../connection/database-errors.js';

interface Waiting<I, O> {
  readonly item: I;
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
  /** How long an item waits for its batch to begin, in milliseconds. */
  readonly maxWaitMs: number;
  /** Of items with the same key one is processed at a time. */
  readonly keyOf?: (item: I) => string;
}

/** Batch sizes of waiting items that are searched for one batch: thousands may have the same key. */
const LOOK_AHEAD = 4;

/**
 * Processes items that arrive at the same time in one batch. A batch starts at once while fewer than `maxConcurrent` run;
 * items that arrive meanwhile form the next one, so that batches grow with the load, and have one item without it.
 */
export class Batches<I, O> {
  private readonly waiting: Waiting<I, O>[] = [];
  private readonly activeKeys = new Set<string>();
  private running = 0;
  private isScheduled = false;
  private watch: NodeJS.Timeout | undefined;
  /** Runs outside any request's async context and transaction, because a batch serves several requests. */
  private readonly begin = AsyncResource.bind(() => {
    this.isScheduled = false;
    const batch = this.nextBatch();
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
      this.waiting.push({ item, since: performance.now(), resolve, reject });
      this.schedule();
    });
  }

  /** Starts after the requests that have already arrived, which the event loop reads one after the other. */
  private schedule(): void {
    if (this.waiting.length === 0) return;
    this.watch ??= setTimeout(() => this.refuseLate(), this.limits.maxWaitMs / 4).unref();
    if (this.isScheduled || this.running >= this.limits.maxConcurrent) return;
    this.isScheduled = true;
    setImmediate(this.begin);
  }

  private nextBatch(): readonly Waiting<I, O>[] {
    const { maxBatchSize, keyOf } = this.limits;
    if (!keyOf) return this.waiting.splice(0, maxBatchSize);
    const batch: Waiting<I, O>[] = [];
    const left: Waiting<I, O>[] = [];
    for (const one of this.waiting.splice(0, maxBatchSize * LOOK_AHEAD)) {
      const key = keyOf(one.item);
      if (batch.length < maxBatchSize && !this.activeKeys.has(key)) {
        this.activeKeys.add(key);
        batch.push(one);
      } else left.push(one);
    }
    this.waiting.unshift(...left);
    return batch;
  }

  private async run(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.running += 1;
    this.schedule();
    try {
      const outputs = await this.work(batch.map(({ item }) => item));
      batch.forEach((one, place) => this.answer(one, outputs[place]!));
    } catch (error) {
      for (const one of batch) {
        one.reject(error);
        this.free(one);
      }
    } finally {
      this.running -= 1;
      this.schedule();
    }
  }

  private answer(one: Waiting<I, O>, output: O | PromiseLike<O>): void {
    one.resolve(output);
    if (!(output instanceof Promise)) return this.free(one);
    const free = (): void => {
      this.free(one);
      this.schedule();
    };
    void output.then(free, free);
  }

  private free({ item }: Waiting<I, O>): void {
    const { keyOf } = this.limits;
    if (keyOf) this.activeKeys.delete(keyOf(item));
  }

  /** Refuses items that wait too long; batches that never end let no other start. */
  private refuseLate(): void {
    this.watch = undefined;
    const latest = performance.now() - this.limits.maxWaitMs;
    while (this.waiting[0] && this.waiting[0].since <= latest) this.waiting.shift()!.reject(waitedTooLong());
    this.schedule();
  }
}
