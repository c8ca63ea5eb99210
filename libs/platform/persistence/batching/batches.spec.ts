import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Batches } from './batches.js';
import { isUnavailable } from '../connection/database-errors.js';

type Output = string | Promise<string>;

/** Work whose batches are kept until the test lets them go. */
class Desk {
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

  /** Ends the batch that began at this place, and lets what follows from it happen. */
  async end(place: number, outputs?: readonly Output[] | Error): Promise<void> {
    this.ends[place]!(outputs);
    await turn();
    await turn();
  }

  /** Ends all that is left, and what waits behind it. */
  async close(): Promise<void> {
    for (let place = 0; place < this.begun.length; place++) await this.end(place);
  }
}

describe('batches', () => {
  let desk: Desk;
  beforeEach(() => (desk = new Desk()));
  // What is refused later than its test ends, another test answers for.
  afterEach(() => desk.close());
  afterEach(() => void jest.useRealTimers());

  it('hold all that is asked for at the same moment, and give each its own', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10 });
    const answers = Promise.all(['a', 'b', 'c'].map((item) => batches.add(item)));
    await turn();
    expect(desk.begun).toEqual([['a', 'b', 'c']]);
    await desk.end(0);
    expect(await answers).toEqual(['A', 'B', 'C']);
  });

  it('begin at once while a lane is free, and gather what comes when none is', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 2, most: 10 });
    for (const item of ['a', 'b', 'c', 'd']) {
      void batches.add(item);
      await turn();
    }
    expect(desk.begun).toEqual([['a'], ['b']]);
    await desk.end(1);
    expect(desk.begun).toEqual([['a'], ['b'], ['c', 'd']]);
  });

  it('are no greater than they may be', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 2, most: 2 });
    for (const item of ['a', 'b', 'c', 'd', 'e']) void batches.add(item);
    await turn();
    await turn();
    expect(desk.begun).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await desk.end(0);
    expect(desk.begun.slice(2)).toEqual([['e']]);
  });

  it('keep what has the same key apart, in the order in which it came', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10, keyOf: (item) => item[0]! });
    for (const item of ['a1', 'a2', 'b1', 'a3', 'b2']) void batches.add(item);
    await turn();
    await desk.end(0);
    await desk.end(1);
    expect(desk.begun).toEqual([['a1', 'b1'], ['a2', 'b2'], ['a3']]);
  });

  it('let others pass a thousand of one key', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 2, keyOf: (item) => item[0]! });
    for (let count = 0; count < 7; count++) void batches.add(`a${count}`);
    for (const item of ['b', 'a7', 'c']) void batches.add(item);
    await turn();
    expect(desk.begun).toEqual([['a0', 'b']]);
    await desk.end(0);
    expect(desk.begun.slice(1)).toEqual([['a1', 'c']]);
  });

  it('keep what has a key that is under way, and let others pass', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 2, most: 10, keyOf: (item) => item[0]! });
    void batches.add('a1');
    await turn();
    void batches.add('a2');
    void batches.add('b1');
    await turn();
    expect(desk.begun).toEqual([['a1'], ['b1']]);
    await desk.end(0);
    expect(desk.begun.slice(2)).toEqual([['a2']]);
  });

  it('answer each when he can be answered, and keep no lane for the last', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10 });
    let late!: (output: string) => void;
    const [a, b] = ['a', 'b'].map((item) => batches.add(item));
    await turn();
    void batches.add('c');
    await desk.end(0, [new Promise((resolve) => (late = resolve)), 'B']);
    expect(await b).toBe('B');
    expect(desk.begun.slice(1)).toEqual([['c']]);
    late('A');
    expect(await a).toBe('A');
  });

  it('keep a key until its output is there', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10, keyOf: (item) => item[0]! });
    let late!: (output: string) => void;
    const a1 = batches.add('a1');
    await turn();
    void batches.add('a2');
    void batches.add('b1');
    await desk.end(0, [new Promise((resolve) => (late = resolve))]);
    expect(desk.begun.slice(1)).toEqual([['b1']]);
    await desk.end(1);
    expect(desk.begun).toHaveLength(2);
    late('A1');
    expect(await a1).toBe('A1');
    await turn();
    expect(desk.begun.slice(2)).toEqual([['a2']]);
  });

  it('refuse the items that wait too long as database_unavailable, and none whose batch has started', async () => {
    const batches = new Batches(desk.work, { patienceMs: 20, lanes: 1, most: 10 });
    const begun = batches.add('a');
    await turn();
    const reason = await batches.add('b').catch((error: unknown) => error);
    expect(isUnavailable(reason)).toBe(true);
    await desk.end(0);
    expect(await begun).toBe('A');
    expect(desk.begun).toEqual([['a']]);
  });

  it('go on watching who waits for a key, whenever they looked', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const batches = new Batches(desk.work, { patienceMs: 20, lanes: 2, most: 10, keyOf: (item) => item[0]! });
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
    expect(desk.begun).toEqual([['a1']]);
  });

  it('tell an error to the one whose it is', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10 });
    const answers = Promise.allSettled(['a', 'b'].map((item) => batches.add(item)));
    await turn();
    await desk.end(0, [Promise.reject(new RangeError('not a')), 'B']);
    expect(await answers).toEqual([
      { status: 'rejected', reason: new RangeError('not a') },
      { status: 'fulfilled', value: 'B' },
    ]);
  });

  it('tell all when the work itself fails, and go on', async () => {
    const batches = new Batches(desk.work, { patienceMs: 60_000, lanes: 1, most: 10 });
    const answers = Promise.allSettled(['a', 'b'].map((item) => batches.add(item)));
    await turn();
    await desk.end(0, new Error('no connection'));
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = batches.add('c');
    await turn();
    await desk.end(1);
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
      { patienceMs: 60_000, lanes: 1, most: 10 },
    );
    const ask = (who: string) => context.run(who, () => batches.add('x').then(() => context.getStore()));
    expect(await Promise.all([ask('anna'), ask('boris')])).toEqual(['anna', 'boris']);
    expect(seen).toEqual([undefined]);
  });
});
