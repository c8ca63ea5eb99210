import type { Change } from '../outbox/event-log.js';
import { PARCEL_MOVED, parcelChange } from '../publishing/parcel.fixture.js';

describe('a type of event', () => {
  it('makes facts of its own key, with what is said of one beside its data', () => {
    const data = { parcel_id: 'p', place: 'here' };
    expect(PARCEL_MOVED.fact(data, { id: 'i', audience: ['a'] })).toEqual({
      type: 'parcel.moved',
      data,
      id: 'i',
      audience: ['a'],
    });
  });

  it('lets nothing be published that is not declared, nor without all its data', () => {
    const change = parcelChange({ parcelId: 'p', place: 'here' });
    const checkedByTheCompiler = (): Change[] => [
      // @ts-expect-error -- a fact that no type made
      { ...change, events: [{ type: 'parcel.lost', data: { parcel_id: 'p' } }] },
      // @ts-expect-error -- where it is now was left out
      { ...change, events: [PARCEL_MOVED.fact({ parcel_id: 'p' })] },
      // @ts-expect-error -- its weight is not declared
      { ...change, events: [PARCEL_MOVED.fact({ parcel_id: 'p', place: 'here', weight: 1 })] },
    ];
    expect(checkedByTheCompiler).toBeInstanceOf(Function);
  });
});
