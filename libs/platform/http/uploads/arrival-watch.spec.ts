import { setImmediate as nextTurn } from 'node:timers/promises';
import { ArrivalWatch } from './arrival-watch.js';

const LIMITS = { minBytesPerSecond: 1_000, windowMs: 100, deadlineMs: 600_000 };
const TOO_SLOW = { code: 'upload_too_slow' };

/** A read that the client never completes. */
const never = (): Promise<never> => new Promise(() => undefined);

function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('the watch over an arriving file', () => {
  let watch: ArrivalWatch;
  beforeEach(() => {
    watch = new ArrivalWatch(LIMITS);
  });
  afterEach(() => watch.stop());

  it('refuses a client that sends nothing, also in later reads', async () => {
    await expect(watch.inTime(never())).rejects.toMatchObject(TOO_SLOW);
    await expect(watch.inTime(never())).rejects.toMatchObject(TOO_SLOW);
    expect(watch.isRefused).toBe(true);
  });

  it('refuses a client whose bytes come below the rate', async () => {
    await watch.inTime(Promise.resolve());
    watch.count(99);
    await expect(watch.inTime(never())).rejects.toMatchObject(TOO_SLOW);
  });

  it('refuses a client that is not done at the deadline, however fast it sends', async () => {
    const brief = new ArrivalWatch({ ...LIMITS, deadlineMs: 50 });
    brief.count(1_000_000);
    await expect(brief.inTime(never())).rejects.toMatchObject(TOO_SLOW);
  });

  it('does not count the time in which its own process was blocked', async () => {
    let complete!: (bytes: number) => void;
    const read = watch.inTime(new Promise<number>((resolve) => (complete = resolve)));
    blockEventLoop(5 * LIMITS.windowMs);
    // Timers that are due run in the first of these turns.
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(watch.isRefused).toBe(false);
    complete(4);
    await expect(read).resolves.toBe(4);
  });

  it('does not count the time in which the server does not read', async () => {
    await watch.inTime(Promise.resolve());
    const clock = new ArrivalWatch({ ...LIMITS, windowMs: 2 * LIMITS.windowMs });
    await expect(clock.inTime(never())).rejects.toMatchObject(TOO_SLOW);
    expect(watch.isRefused).toBe(false);
    await expect(watch.inTime(Promise.resolve(1))).resolves.toBe(1);
  });
});
