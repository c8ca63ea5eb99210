import { Wakeup } from './wakeup.js';

const POLL_MS = 250;

describe('a resting loop', () => {
  let wakeup: Wakeup;
  let stop: AbortController;

  beforeEach(() => {
    jest.useFakeTimers();
    wakeup = new Wakeup();
    stop = new AbortController();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Starts a rest; the answer says whether it is over. */
  function rest(): { isOver: boolean } {
    const state = { isOver: false };
    void wakeup.next(POLL_MS, stop.signal).then(() => (state.isOver = true));
    return state;
  }

  it('goes on when its polling interval has passed, not before', async () => {
    const state = rest();
    await jest.advanceTimersByTimeAsync(POLL_MS - 1);
    expect(state.isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(state.isOver).toBe(true);
  });

  it('goes on at once when it is woken', async () => {
    const state = rest();
    wakeup.wake();
    await jest.advanceTimersByTimeAsync(0);
    expect(state.isOver).toBe(true);
  });

  it('does not rest when it was woken while it was busy, and then rests again', async () => {
    wakeup.wake();
    wakeup.wake();
    const first = rest();
    await jest.advanceTimersByTimeAsync(0);
    expect(first.isOver).toBe(true);
    const second = rest();
    await jest.advanceTimersByTimeAsync(POLL_MS - 1);
    expect(second.isOver).toBe(false);
  });

  it('continues at once when it is stopped, before its pause or during it', async () => {
    const during = rest();
    stop.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(during.isOver).toBe(true);
    const after = rest();
    await jest.advanceTimersByTimeAsync(0);
    expect(after.isOver).toBe(true);
  });

  it('leaves no timer behind, however it ended', async () => {
    rest();
    wakeup.wake();
    await jest.advanceTimersByTimeAsync(0);
    rest();
    stop.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(0);
  });
});
