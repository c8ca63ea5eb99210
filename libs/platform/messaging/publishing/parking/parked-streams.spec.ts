import { ParkedStreams } from './parked-streams.js';

describe('the schedule of parked streams', () => {
  let now: number;
  let streams: ParkedStreams;

  beforeEach(() => {
    now = 0;
    streams = new ParkedStreams(() => now);
  });

  function park(type: string, ...names: readonly string[]): void {
    for (const stream of names) {
      streams.add(stream, 1);
      streams.setHead({ stream, type });
    }
  }

  /** What the schedule does for a stream that is refused again. */
  function refuse(type: string, stream: string): void {
    streams.tried(type, false);
    streams.setHead({ stream, type });
  }

  it('tries one stream of each type after 0.5, 2, 8 and then every 30 seconds while it is refused', () => {
    park('deal.created', 'a', 'b', 'c');
    const triedAt: number[] = [];
    while (triedAt.length < 6) {
      now += streams.waitMs!;
      const due = streams.due();
      expect(due).toHaveLength(1);
      triedAt.push(now);
      refuse('deal.created', due[0]!);
    }
    expect(triedAt).toEqual([500, 2_500, 10_500, 40_500, 70_500, 100_500]);
  });

  it('tries another stream of the type each time, and other types by themselves', () => {
    park('deal.created', 'a', 'b');
    park('client.created', 'c');
    now = 500;
    expect(streams.due()).toEqual(['a', 'c']);
    refuse('deal.created', 'a');
    streams.subtract('c', 1);
    now = 2_500;
    expect(streams.due()).toEqual(['b']);
    expect(streams.has('c')).toBe(false);
  });

  it('tries twice as many streams each time while they are stored, and one again after a refusal', () => {
    park('deal.created', ...Array.from({ length: 20 }, (_, index) => `stream ${index}`));
    now = 500;
    const widths: number[] = [];
    for (let round = 0; round < 4; round++) {
      const due = streams.due();
      widths.push(due.length);
      streams.tried('deal.created', true);
      for (const stream of due) streams.subtract(stream, 1);
    }
    expect(widths).toEqual([1, 2, 4, 8]);
    const [next] = streams.due();
    refuse('deal.created', next!);
    expect(streams.due()).toEqual([]);
    now += streams.waitMs!;
    expect(streams.due()).toHaveLength(1);
  });

  it('keeps a stream parked until every event of it is stored', () => {
    park('deal.created', 'a');
    streams.add('a', 2);
    streams.subtract('a', 1);
    expect(streams.has('a')).toBe(true);
    streams.subtract('a', 2);
    expect(streams.has('a')).toBe(false);
    expect(streams.waitMs).toBeUndefined();
  });

  it('does not try a stream whose events are not saved yet', () => {
    streams.add('a', 1);
    expect([streams.has('a'), streams.hasHead('a'), streams.due(), streams.waitMs]).toEqual([
      true,
      false,
      [],
      undefined,
    ]);
  });

  it('tries every type at once on request', () => {
    park('deal.created', 'a');
    refuse('deal.created', 'a');
    streams.retryNow();
    expect(streams.due()).toEqual(['a']);
  });
});
