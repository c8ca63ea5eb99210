import type { Frame } from './frame.js';
import { FrameRing } from './frame-ring.js';
import { Wire } from './wire.js';

function frame(position: number, bytes = 100): Frame {
  const wire = new Wire('x'.repeat(bytes));
  return { position: BigInt(position), type: 'deal.updated', dealId: null, audience: [], wire };
}

function ring(capacity: number, maxBytes = 1_000_000): FrameRing {
  const made = new FrameRing(capacity, maxBytes);
  made.restart(10n);
  return made;
}

function positions(frames: readonly Frame[] | undefined): number[] | undefined {
  return frames?.map(({ position }) => Number(position));
}

describe('the ring of frames', () => {
  it('has nothing after the last position, and does not know what lies before the first or ahead', () => {
    const empty = ring(3);
    expect(empty.last).toBe(10n);
    expect(empty.after(10n, 9)).toEqual([]);
    expect(empty.after(9n, 9)).toBeUndefined();
    expect(empty.after(11n, 9)).toBeUndefined();
  });

  it('gives what follows a position, in order, as many as wanted', () => {
    const full = ring(5);
    for (let position = 11; position <= 15; position += 1) full.push(frame(position));
    expect(positions(full.after(10n, 9))).toEqual([11, 12, 13, 14, 15]);
    expect(positions(full.after(12n, 2))).toEqual([13, 14]);
    expect(positions(full.after(15n, 9))).toEqual([]);
  });

  it('lets the oldest go when there are too many', () => {
    const full = ring(3);
    for (let position = 11; position <= 20; position += 1) full.push(frame(position));
    expect(full.last).toBe(20n);
    expect(positions(full.after(17n, 9))).toEqual([18, 19, 20]);
    expect(full.after(16n, 9)).toBeUndefined();
  });

  it('drops the oldest frames above the byte limit, but never the last frame', () => {
    const small = ring(10, 1_000);
    for (let position = 11; position <= 15; position += 1) small.push(frame(position, 300));
    expect(small.after(11n, 9)).toBeUndefined();
    expect(positions(small.after(12n, 9))).toEqual([13, 14, 15]);
    small.push(frame(16, 5_000));
    expect(positions(small.after(15n, 9))).toEqual([16]);
    expect(small.after(14n, 9)).toBeUndefined();
    small.push(frame(17, 300));
    small.push(frame(18, 300));
    expect(positions(small.after(16n, 9))).toEqual([17, 18]);
  });

  it('never passes a gap over: what came before it is forgotten', () => {
    const torn = ring(5);
    torn.push(frame(11));
    torn.push(frame(14));
    expect(torn.after(11n, 9)).toBeUndefined();
    expect(positions(torn.after(13n, 9))).toEqual([14]);
  });
});
