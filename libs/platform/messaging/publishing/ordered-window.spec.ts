import fc from 'fast-check';
import type { LoggedEvent } from '../outbox/log-reader.js';
import { OrderedWindow } from './ordered-window.js';

/** The event at `position` of a stream; the rest doesn't matter here. */
function event(position: bigint, stream: string): LoggedEvent {
  return {
    position,
    stream,
    id: String(position),
    streamVersion: 1,
    type: 'parcel.moved',
    time: '2026-03-02T06:00:00.000Z',
    actorId: null,
    traceparent: null,
    dealId: null,
    clientId: null,
    audience: [],
    data: '{}',
  };
}

describe('the window of events on their way', () => {
  it('sends the events of different streams side by side and those of one stream one by one', () => {
    const window = new OrderedWindow(0n, 1_000);
    const [a1, b2, a3, a4] = [event(1n, 'a'), event(2n, 'b'), event(3n, 'a'), event(4n, 'a')];
    expect([a1, b2, a3, a4].map((one) => window.take(one))).toEqual([a1, b2, undefined, undefined]);
    expect(window.confirm(b2)).toBeUndefined();
    expect(window.confirm(a1)).toBe(a3);
    expect(window.confirm(a3)).toBe(a4);
    expect(window.confirm(a4)).toBeUndefined();
    expect(window.size).toBe(0);
  });

  it('is confirmed only up to the oldest event that is not', () => {
    const window = new OrderedWindow(10n, 1_000);
    expect([window.taken, window.confirmedUpTo]).toEqual([10n, 10n]);
    const [first, second, third] = [event(11n, 'a'), event(12n, 'b'), event(13n, 'c')];
    for (const one of [first, second, third]) window.take(one);
    expect([window.taken, window.confirmedUpTo, window.size]).toEqual([13n, 10n, 3]);
    window.confirm(second);
    window.confirm(third);
    expect(window.confirmedUpTo).toBe(10n);
    window.confirm(first);
    expect(window.confirmedUpTo).toBe(13n);
  });

  it('has room for a limited span of positions, however few of them are unconfirmed', () => {
    const window = new OrderedWindow(10n, 4);
    const hot = [event(11n, 'a'), event(14n, 'a')];
    window.take(hot[0]!);
    for (const position of [12n, 13n]) {
      const other = event(position, `s${position}`);
      window.take(other);
      window.confirm(other);
    }
    window.take(hot[1]!);
    expect([window.size, window.room]).toEqual([2, 0]);
    window.confirm(hot[0]!);
    expect(window.room).toBe(3);
    window.confirm(hot[1]!);
    expect(window.room).toBe(4);
  });

  it('begins a stream anew once its last event is confirmed', () => {
    const window = new OrderedWindow(0n, 1_000);
    const [first, second] = [event(1n, 'a'), event(2n, 'a')];
    window.take(first);
    window.confirm(first);
    expect(window.take(second)).toBe(second);
  });

  it('gives an event back with those that wait behind it, and is confirmed beyond them', () => {
    const window = new OrderedWindow(0n, 1_000);
    const [a1, b2, a3] = [event(1n, 'a'), event(2n, 'b'), event(3n, 'a')];
    for (const one of [a1, b2, a3]) window.take(one);
    window.confirm(b2);
    expect(window.withdraw(a1)).toEqual([a1, a3]);
    expect([window.confirmedUpTo, window.size]).toEqual([3n, 0]);
    const a4 = event(4n, 'a');
    expect(window.take(a4)).toBe(a4);
  });

  it('keeps at most one event of a stream in flight, in order, whatever the order of confirms', () => {
    const moves = fc.array(
      fc.record({ stream: fc.constantFrom('a', 'b', 'c', 'd'), confirms: fc.array(fc.nat(), { maxLength: 3 }) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(
        fc.bigInt(0n, 1_000n),
        moves,
        fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
        (start, steps, rest) => {
          const window = new WindowHarness(start);
          for (const { stream, confirms } of steps) {
            window.take(stream);
            for (const choice of confirms) window.confirmOne(choice);
          }
          for (const choice of rest) window.confirmOne(choice);
          window.expectAllSent();
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Takes and confirms, and after each step compares the window with what must be true of it. */
class WindowHarness {
  private readonly window: OrderedWindow;
  private readonly taken: LoggedEvent[] = [];
  private readonly sent: LoggedEvent[] = [];
  private readonly confirmed = new Set<bigint>();

  constructor(private readonly start: bigint) {
    this.window = new OrderedWindow(start, 1_000);
  }

  take(stream: string): void {
    const next = event(this.start + BigInt(this.taken.length) + 1n, stream);
    this.taken.push(next);
    this.send(this.window.take(next));
    this.expectTrue();
  }

  /** Confirms one of the events in flight. */
  confirmOne(choice: number): void {
    const flying = this.inFlight();
    if (flying.length === 0) return;
    const one = flying[choice % flying.length]!;
    this.confirmed.add(one.position);
    this.send(this.window.confirm(one));
    this.expectTrue();
  }

  expectAllSent(): void {
    expect(this.sent).toHaveLength(this.taken.length);
    expect(this.window.size).toBe(0);
    expect(this.window.confirmedUpTo).toBe(this.window.taken);
  }

  private send(due: LoggedEvent | undefined): void {
    if (due) this.sent.push(due);
  }

  private inFlight(): LoggedEvent[] {
    return this.sent.filter(({ position }) => !this.confirmed.has(position));
  }

  private expectTrue(): void {
    const streams = this.inFlight().map(({ stream }) => stream);
    expect(new Set(streams).size).toBe(streams.length);
    for (const stream of new Set(this.taken.map((one) => one.stream))) {
      const sent = this.sent.filter((one) => one.stream === stream);
      expect(sent).toEqual(this.taken.filter((one) => one.stream === stream).slice(0, sent.length));
      // Nothing of a stream waits behind nothing.
      if (sent.length < this.taken.filter((one) => one.stream === stream).length) expect(streams).toContain(stream);
    }
    const open = this.taken.filter(({ position }) => !this.confirmed.has(position));
    expect(this.window.size).toBe(open.length);
    expect(this.window.confirmedUpTo).toBe(open[0] ? open[0].position - 1n : this.window.taken);
    expect(this.window.taken).toBe(this.taken.at(-1)?.position ?? this.start);
  }
}
