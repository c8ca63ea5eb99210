import { Refresher } from './refresher.js';

const GAP_MS = 10_000;
const RETRY_MS = 30_000;

describe('refreshed data', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function refreshed(answers: readonly (number | undefined)[] = []) {
    const readAt: number[] = [];
    const start = Date.now();
    const refresher = new Refresher(() => {
      readAt.push(Date.now() - start);
      return Promise.resolve(answers[readAt.length - 1]);
    }, GAP_MS);
    return { refresher, readAt };
  }

  it('is read no more often than its gap allows, and once more after the last request', async () => {
    const { refresher, readAt } = refreshed();
    await refresher.run();
    for (let second = 0; second < 25; second++) {
      refresher.ask();
      await jest.advanceTimersByTimeAsync(1_000);
    }
    await jest.advanceTimersByTimeAsync(2 * GAP_MS);
    const gaps = readAt.slice(1).map((at, index) => at - readAt[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(GAP_MS);
    expect(readAt.at(-1)).toBeGreaterThan(24_000);
  });

  it('is read at different times by pages that receive the same event', async () => {
    const pages = Array.from({ length: 5 }, () => refreshed());
    for (const { refresher } of pages) refresher.ask();
    await jest.advanceTimersByTimeAsync(GAP_MS);
    expect(new Set(pages.map(({ readAt }) => readAt[0])).size).toBeGreaterThan(1);
  });

  it('is read again after a failure, no sooner than its retry delay', async () => {
    const { refresher, readAt } = refreshed([RETRY_MS]);
    await refresher.run();
    refresher.ask();
    await jest.advanceTimersByTimeAsync(2 * RETRY_MS);
    expect(readAt).toHaveLength(2);
    expect(readAt[1]).toBeGreaterThanOrEqual(RETRY_MS);
  });

  it('is read soon after the outage', async () => {
    const { refresher, readAt } = refreshed([RETRY_MS]);
    await refresher.run();
    await jest.advanceTimersByTimeAsync(GAP_MS);
    refresher.ask(true);
    await jest.advanceTimersByTimeAsync(GAP_MS);
    expect(readAt).toHaveLength(2);
  });

  it('is not read after a stop', async () => {
    const { refresher, readAt } = refreshed([RETRY_MS]);
    const running = refresher.run();
    refresher.stop();
    await running;
    await jest.advanceTimersByTimeAsync(2 * RETRY_MS);
    expect(readAt).toHaveLength(1);
  });
});
