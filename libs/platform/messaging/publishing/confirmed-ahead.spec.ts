import { ConfirmedAhead } from './confirmed-ahead.js';

describe('the events that are confirmed beyond the cursor', () => {
  it('are stored until the cursor passes them, in any order of the confirms', () => {
    const ahead = new ConfirmedAhead();
    for (const position of [12n, 11n, 14n]) ahead.add({ position, id: `event-${position}` });
    expect(ahead.has({ position: 12n, id: 'event-12' })).toBe(true);
    expect(ahead.has({ position: 13n, id: 'event-13' })).toBe(false);
    ahead.forgetUpTo(12n);
    expect(ahead.has({ position: 12n, id: 'event-12' })).toBe(false);
    expect(ahead.has({ position: 14n, id: 'event-14' })).toBe(true);
    expect(ahead.size).toBe(1);
  });

  it('do not include another event that got the same position in a restored database', () => {
    const ahead = new ConfirmedAhead();
    ahead.add({ position: 11n, id: 'event-before' });
    expect(ahead.has({ position: 11n, id: 'event-after' })).toBe(false);
  });
});
