import { FixedClock } from './fixed-clock.js';

describe('a fixed clock', () => {
  it('stands still until it is moved', () => {
    const clock = new FixedClock('2028-02-28T22:30:00.000Z');
    expect([clock.now(), clock.now()]).toEqual(['2028-02-28T22:30:00.000Z', '2028-02-28T22:30:00.000Z']);
    clock.advanceDays(1);
    expect(clock.now()).toBe('2028-02-29T22:30:00.000Z');
    clock.advanceDays(-1.5);
    expect(clock.now()).toBe('2028-02-28T10:30:00.000Z');
    clock.set('2026-03-02T06:00:00.000Z');
    expect(clock.now()).toBe('2026-03-02T06:00:00.000Z');
  });
});
