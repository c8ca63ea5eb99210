import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Batches } from './batches.js';
import { isUnavailable } from '../connection/database-errors.js';

type Output = string | Promise<string>;

/** Work whose batches end when the test says so. */
class ManualWork {
  readonly begun: (readonly string[])[] = [];
  private readonly ends: ((outputs?: readonly Output[] | Error) => void)[] = [];

  readonly work = (items: readonly string[]): Promise<readonly Output[]> => {
    this.begun.push(items);
    return new Promise((resolve, reject) => {
      this.ends.push((outputs = items.map((item) => item.toUpperCase())) =>
        outputs instanceof Error ? reject(outputs) : resolve(outputs),
      );
    });
  };

  /** Ends the batch with this index, and waits for what follows from it. */
  async end(place: number, outputs?: readonly Output[] | Error): Promise<void> {
    this.ends[place]!(outputs);
    await turn();
    await turn();
  }

  /** Ends all batches, those that start meanwhile included. */
  async close(): Promise<void> {
    for (let place = 0; place < this.begun.length; place++) await this.end(place);
  }
}

describe('batches', () => {
  let manual: ManualWork;
  beforeEach(() => (manual = new ManualWork()));
  // A rejection after the end of its test would fail another test.
  afterEach(() => manual.close());
  afterEach(() => void jest.useRealTimers());

  it('contain all items of the same moment, and return an output for each', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 1, maxBatchSize: 10 });
    const answers = Promise.all(['a', 'b', 'c'].map((item) => batches.add(item)));
    await turn();
    expect(manual.begun).toEqual([['a', 'b', 'c']]);
    await manual.end(0);
    expect(await answers).toEqual(['A', 'B', 'C']);
  });

  it('start at once below the limit of concurrent batches, and collect later items', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 2, maxBatchSize: 10 });
    for (const item of ['a', 'b', 'c', 'd']) {
      void batches.add(item);
      await turn();
    }
    expect(manual.begun).toEqual([['a'], ['b']]);
    await manual.end(1);
    expect(manual.begun).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('have no more items than their limit', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 2, maxBatchSize: 2 });
    for (const item of ['a', 'b', 'c', 'd', 'e']) void batches.add(item);
    await turn();
    await turn();
    expect(manual.begun).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await manual.end(0);
    expect(manual.begun.slice(2)).toEqual([['e']]);
  });

  it('process items of the same key one after the other, in their order', async () => {
    const batches = new Batches(manual.work, {
      maxWaitMs: 60_000,
      maxConcurrent: 1,
      maxBatchSize: 10,
      keyOf: (item) => item[0]!,
    });
    for (const item of ['a1', 'a2', 'b1', 'a3', 'b2']) void batches.add(item);
    await turn();
    await manual.end(0);
    await manual.end(1);
    expect(manual.begun).toEqual([['a1', 'b1'], ['a2', 'b2'], ['a3']]);
  });

  it('process items of other keys before a thousand of one key', async () => {
    const batches = new Batches(manual.work, {
      maxWaitMs: 60_000,
      maxConcurrent: 1,
      maxBatchSize: 2,
      keyOf: (item) => item[0]!,
    });
    for (let count = 0; count < 7; count++) void batches.add(`a${count}`);
    for (const item of ['b', 'a7', 'c']) void batches.add(item);
    await turn();
    expect(manual.begun).toEqual([['a0', 'b']]);
    await manual.end(0);
    expect(manual.begun.slice(1)).toEqual([['c', 'a1']]);
  });

  it('process an item that arrives behind far more items of one key than a batch has', async () => {
    const batches = new Batches(manual.work, {
      maxWaitMs: 60_000,
      maxConcurrent: 1,
      maxBatchSize: 2,
      keyOf: (item) => item[0]!,
    });
    for (let index = 0; index < 100; index++) void batches.add(`a${index}`);
    await turn();
    void batches.add('b');
    await manual.end(0);
    expect(manual.begun).toEqual([['a0'], ['b', 'a1']]);
  });

  it('leave an item whose key is active for a later batch, and process others', async () => {
    const batches = new Batches(manual.work, {
      maxWaitMs: 60_000,
      maxConcurrent: 2,
      maxBatchSize: 10,
      keyOf: (item) => item[0]!,
    });
    void batches.add('a1');
    await turn();
    void batches.add('a2');
    void batches.add('b1');
    await turn();
    expect(manual.begun).toEqual([['a1'], ['b1']]);
    await manual.end(0);
    expect(manual.begun.slice(2)).toEqual([['a2']]);
  });

  it('return each output when it is ready, and start the next batch before the last one', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 1, maxBatchSize: 10 });
    let late!: (output: string) => void;
    const [a, b] = ['a', 'b'].map((item) => batches.add(item));
    await turn();
    void batches.add('c');
    await manual.end(0, [new Promise((resolve) => (late = resolve)), 'B']);
    expect(await b).toBe('B');
    expect(manual.begun.slice(1)).toEqual([['c']]);
    late('A');
    expect(await a).toBe('A');
  });

  it('keep a key active until its output is ready', async () => {
    const batches = new Batches(manual.work, {
      maxWaitMs: 60_000,
      maxConcurrent: 1,
      maxBatchSize: 10,
      keyOf: (item) => item[0]!,
    });
    let late!: (output: string) => void;
    const a1 = batches.add('a1');
    await turn();
    void batches.add('a2');
    void batches.add('b1');
    await manual.end(0, [new Promise((resolve) => (late = resolve))]);
    expect(manual.begun.slice(1)).toEqual([['b1']]);
    await manual.end(1);
    expect(manual.begun).toHaveLength(2);
    late('A1');
    expect(await a1).toBe('A1');
    await turn();
    expect(manual.begun.slice(2)).toEqual([['a2']]);
  });

  it('refuse the items that wait too long as database_unavailable, and none whose batch has started', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 20, maxConcurrent: 1, maxBatchSize: 10 });
    const begun = batches.add('a');
    await turn();
    const reason = await batches.add('b').catch((error: unknown) => error);
    expect(isUnavailable(reason)).toBe(true);
    await manual.end(0);
    expect(await begun).toBe('A');
    expect(manual.begun).toEqual([['a']]);
  });

  it('refuse an item that waits too long for its key, too', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const batches = new Batches(manual.work, {
      maxWaitMs: 20,
      maxConcurrent: 2,
      maxBatchSize: 10,
      keyOf: (item) => item[0]!,
    });
    void batches.add('a1');
    await turn();
    const refused: unknown[] = [];
    for (const item of ['a2', 'a3']) batches.add(item).catch((error: unknown) => refused.push(error));
    // They look before the next batch is gathered, in which none of these can be.
    jest.advanceTimersByTime(5);
    await turn();
    jest.advanceTimersByTime(60);
    await turn();
    expect(refused.map(isUnavailable)).toEqual([true, true]);
    expect(manual.begun).toEqual([['a1']]);
  });

  it('reject the item whose output is an error', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 1, maxBatchSize: 10 });
    const answers = Promise.allSettled(['a', 'b'].map((item) => batches.add(item)));
    await turn();
    await manual.end(0, [Promise.reject(new RangeError('not a')), 'B']);
    expect(await answers).toEqual([
      { status: 'rejected', reason: new RangeError('not a') },
      { status: 'fulfilled', value: 'B' },
    ]);
  });

  it('reject all items when the work fails, and process later ones', async () => {
    const batches = new Batches(manual.work, { maxWaitMs: 60_000, maxConcurrent: 1, maxBatchSize: 10 });
    const answers = Promise.allSettled(['a', 'b'].map((item) => batches.add(item)));
    await turn();
    await manual.end(0, new Error('no connection'));
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = batches.add('c');
    await turn();
    await manual.end(1);
    expect(await next).toBe('C');
  });

  it('run outside any request’s context, and answer each item in its own', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const batches = new Batches<string, string>(
      (items) => {
        seen.push(context.getStore());
        return Promise.resolve([...items]);
      },
      { maxWaitMs: 60_000, maxConcurrent: 1, maxBatchSize: 10 },
    );
    const ask = (who: string) => context.run(who, () => batches.add('x').then(() => context.getStore()));
    expect(await Promise.all([ask('anna'), ask('boris')])).toEqual(['anna', 'boris']);
    expect(seen).toEqual([undefined]);
  });
});
