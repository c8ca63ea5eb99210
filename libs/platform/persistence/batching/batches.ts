import { AsyncResource } from 'node:async_hooks';
import { waitedTooLong } from '../connection/database-errors.js';

interface Waiting<I, O> {
  readonly item: I;
  /** Milliseconds of `performance.now()`. */
  readonly since: number;
  readonly resolve: (output: O | PromiseLike<O>) => void;
  readonly reject: (reason: unknown) => void;
}

/** How items travel. */
interface BatchLimits<I> {
  /** How many batches are under way at the most. */
  readonly lanes: number;
  /** Items of one batch. */
  readonly most: number;
  /** How long an item waits for its batch to begin, in milliseconds. */
  readonly patienceMs: number;
  /** Of items with the same key one is under way at a time, until its output is there. */
  readonly keyOf?: (item: I) => string;
}

/** How many waiting items are looked through for one batch, in batches: of a single key there may be thousands. */
const LOOK_AHEAD = 4;

/**
 * Does together what is asked for at the same moment. Nothing waits while a lane is free; what comes while all are busy
 * goes as one batch with the next, so that batches grow with the load and are batches of one without it.
 */
export class Batches<I, O> {
  private readonly waiting: Waiting<I, O>[] = [];
  private readonly keysUnderWay = new Set<string>();
  private busyLanes = 0;
  private isScheduled = false;
  private watch: NodeJS.Timeout | undefined;
  /** Runs outside any request's async context and transaction, because a batch serves several requests. */
  private readonly begin = AsyncResource.bind(() => {
    this.isScheduled = false;
    const batch = this.nextBatch();
    if (batch.length > 0) void this.run(batch);
  });

  /**
   * @param work gives an output for each item in order, or the promise of one, which keeps no lane; what it throws, all
   *   of them get.
   */
  constructor(
    private readonly work: (items: readonly I[]) => Promise<readonly (O | PromiseLike<O>)[]>,
    private readonly limits: BatchLimits<I>,
  ) {}

  /** @throws Error that is {@link isUnavailable} when no lane became free in time. */
  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, since: performance.now(), resolve, reject });
      this.schedule();
    });
  }

  /** Behind the requests that have arrived already, which the event loop reads one after the other. */
  private schedule(): void {
    if (this.waiting.length === 0) return;
    this.watch ??= setTimeout(() => this.refuseLate(), this.limits.patienceMs / 4).unref();
    if (this.isScheduled || this.busyLanes >= this.limits.lanes) return;
    this.isScheduled = true;
    setImmediate(this.begin);
  }

  private nextBatch(): readonly Waiting<I, O>[] {
    const { most, keyOf } = this.limits;
    if (!keyOf) return this.waiting.splice(0, most);
    const batch: Waiting<I, O>[] = [];
    const left: Waiting<I, O>[] = [];
    for (const one of this.waiting.splice(0, most * LOOK_AHEAD)) {
      const key = keyOf(one.item);
      if (batch.length < most && !this.keysUnderWay.has(key)) {
        this.keysUnderWay.add(key);
        batch.push(one);
      } else left.push(one);
    }
    this.waiting.unshift(...left);
    return batch;
  }

  private async run(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.busyLanes += 1;
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
      this.busyLanes -= 1;
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
    if (keyOf) this.keysUnderWay.delete(keyOf(item));
  }

  /** Refuses items that wait too long; lanes that do not answer free no place. */
  private refuseLate(): void {
    this.watch = undefined;
    const latest = performance.now() - this.limits.patienceMs;
    while (this.waiting[0] && this.waiting[0].since <= latest) this.waiting.shift()!.reject(waitedTooLong());
    this.schedule();
  }
}
