import { isUuid, newId } from './ids.js';

const COUNT = 10_000;

/** Fields of a UUIDv7 by RFC 9562, 5.7, read from its 128 bits. */
function fieldsOf(id: string) {
  const bits = BigInt(`0x${id.replaceAll('-', '')}`);
  const field = (from: number, length: number): number =>
    Number((bits >> BigInt(128 - from - length)) & ((1n << BigInt(length)) - 1n));
  return { milliseconds: field(0, 48), version: field(48, 4), counter: field(52, 12), variant: field(64, 2) };
}

function newIds(count: number): string[] {
  return Array.from({ length: count }, newId);
}

/** Ids that are not greater than the one before them. */
function unordered(ids: readonly string[]): string[] {
  return ids.filter((id, index) => index > 0 && id <= ids[index - 1]!);
}

describe('a new id', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Sets the clock to `ms` after the time of the newest id. */
  function setClock(ms: number): number {
    const now = fieldsOf(newId()).milliseconds + ms;
    jest.useFakeTimers({ now });
    return now;
  }

  it('has the layout of a UUIDv7 by RFC 9562: time, version, variant', () => {
    const now = setClock(1_000);
    const id = newId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isUuid(id)).toBe(true);
    expect(fieldsOf(id)).toMatchObject({ milliseconds: now, version: 7, variant: 0b10 });
  });

  it('is unique, and greater than each one before it', () => {
    const ids = newIds(COUNT);
    expect(new Set(ids).size).toBe(COUNT);
    expect(unordered(ids)).toHaveLength(0);
  });

  it('ascends within a millisecond by its counter', () => {
    const now = setClock(1_000);
    const fields = newIds(2_000).map(fieldsOf);
    const start = fields[0]!.counter;
    expect(start).toBeLessThan(2_048);
    expect(fields.map(({ milliseconds }) => milliseconds)).toEqual(fields.map(() => now));
    expect(fields.map(({ counter }) => counter)).toEqual(fields.map((_, index) => start + index));
  });

  it('takes the next millisecond when the counter is exhausted', () => {
    const now = setClock(1_000);
    const ids = newIds(COUNT);
    expect(unordered(ids)).toHaveLength(0);
    const last = fieldsOf(ids.at(-1)!).milliseconds;
    expect(last).toBeGreaterThan(now);
    // Each millisecond takes at least 2048 ids.
    expect(last).toBeLessThanOrEqual(now + Math.floor(COUNT / 2_048));
  });

  it('ascends after the clock was set back', () => {
    const before = newId();
    setClock(-60_000);
    expect(unordered([before, ...newIds(COUNT)])).toHaveLength(0);
  });

  it('starts the counter of a millisecond at random, and fills every bit behind it', () => {
    const now = setClock(1_000);
    const ids = Array.from({ length: 1_000 }, (_, index) => {
      jest.setSystemTime(now + index);
      return newId();
    });
    expect(new Set(ids.map((id) => fieldsOf(id).counter)).size).toBeGreaterThan(500);
    const random = ids.map((id) => BigInt(`0x${id.replaceAll('-', '')}`) & ((1n << 62n) - 1n));
    expect(random.reduce((all, bits) => all | bits)).toBe((1n << 62n) - 1n);
    expect(random.reduce((all, bits) => all & bits)).toBe(0n);
  });
});
