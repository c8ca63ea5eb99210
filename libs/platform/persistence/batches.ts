import { AsyncResource } from 'node:async_hooks';

interface Waiting<I, O> {
  readonly item: I;
  readonly resolve: (output: O) => void;
  readonly reject: (reason: unknown) => void;
}

/** How items travel. */
interface BatchLimits<I> {
  /** How many batches are under way at the most. */
  readonly lanes: number;
  /** Items of one batch. */
  readonly most: number;
  /** Items with the same key travel in batches of their own, one after the other. */
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
  private busyLanes = 0;
  private isScheduled = false;
  /** In nobody's context: what belongs to several requests belongs to none of them, nor to a transaction of one. */
  private readonly begin = AsyncResource.bind(() => {
    this.isScheduled = false;
    void this.run(this.nextBatch());
  });

  /**
   * @param work gives an output for each item in order, or an Error that is this item's alone; what it throws, all of
   *   them get.
   */
  constructor(
    private readonly work: (items: readonly I[]) => Promise<readonly (O | Error)[]>,
    private readonly limits: BatchLimits<I>,
  ) {}

  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  /** Behind the requests that have arrived already, which the event loop reads one after the other. */
  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0 || this.busyLanes >= this.limits.lanes) return;
    this.isScheduled = true;
    setImmediate(this.begin);
  }

  private nextBatch(): readonly Waiting<I, O>[] {
    const { most, keyOf } = this.limits;
    if (!keyOf) return this.waiting.splice(0, most);
    const batch: Waiting<I, O>[] = [];
    const left: Waiting<I, O>[] = [];
    const keys = new Set<string>();
    for (const one of this.waiting.splice(0, most * LOOK_AHEAD)) {
      const key = keyOf(one.item);
      const isNext = batch.length < most && !keys.has(key);
      keys.add(key);
      (isNext ? batch : left).push(one);
    }
    this.waiting.unshift(...left);
    return batch;
  }

  private async run(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.busyLanes += 1;
    this.schedule();
    try {
      const outputs = await this.work(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, place) => {
        const output = outputs[place] as O | Error;
        if (output instanceof Error) reject(output);
        else resolve(output);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.busyLanes -= 1;
      this.schedule();
    }
  }
}
