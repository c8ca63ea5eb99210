import { audienceOf, isInAudience } from './audience.js';

describe('an audience', () => {
  it('contains each user once per part, and is empty without users', () => {
    expect(audienceOf(['anna', 'anna', null], ['boris', undefined, 'anna'])).toEqual(['anna', null, 'boris', 'anna']);
    expect(audienceOf([null], ['boris'])).toEqual([null, 'boris']);
    expect(audienceOf(['anna'])).toEqual(['anna', null]);
    expect(audienceOf([null, undefined], [null])).toEqual([]);
  });

  it.each([
    ['anna', null, true],
    ['boris', null, false],
    [null, 'anna', false],
    [null, 'boris', true],
    ['boris', 'boris', true],
    [null, null, false],
    ['clara', 'clara', false],
  ])('of owner anna and executor boris: as owner %s, as executor %s: %s', (ownerId, executorId, expected) => {
    expect(isInAudience(audienceOf(['anna'], ['boris']), ownerId, executorId)).toBe(expected);
  });

  it('that an earlier release wrote has its users as both', () => {
    expect(isInAudience(['anna', 'boris'], 'boris', null)).toBe(true);
    expect(isInAudience(['anna', 'boris'], null, 'anna')).toBe(true);
    expect(isInAudience(['anna', 'boris'], 'clara', null)).toBe(false);
    expect(isInAudience([], 'anna', 'anna')).toBe(false);
  });
});
