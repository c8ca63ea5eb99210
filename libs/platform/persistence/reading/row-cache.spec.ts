import { RowCache } from './row-cache.js';

describe('a cache of rows', () => {
  const a1 = { id: 'a', mark: '1' };
  const b1 = { id: 'b', mark: '1' };
  let cache: RowCache<{ readonly text: string }>;
  beforeEach(() => {
    cache = new RowCache(2);
    cache.keep(a1, { text: 'a' });
    cache.keep(b1, { text: 'b' });
  });

  it('gives what was made of the same versions, in the order asked for', () => {
    expect(cache.all([b1, a1, b1])).toEqual([{ text: 'b' }, { text: 'a' }, { text: 'b' }]);
    expect(cache.all([])).toEqual([]);
  });

  it('gives nothing when one of them is another version', () => {
    expect(cache.all([a1, { id: 'b', mark: '2' }])).toBeUndefined();
    cache.keep({ id: 'b', mark: '2' }, { text: 'newer' });
    expect(cache.all([b1])).toBeUndefined();
    expect(cache.all([{ id: 'b', mark: '2' }])).toEqual([{ text: 'newer' }]);
  });

  it('forgets what nobody asked for the longest', () => {
    cache.all([a1]);
    cache.keep({ id: 'c', mark: '1' }, { text: 'c' });
    expect(cache.all([b1])).toBeUndefined();
    expect(cache.all([a1])).toEqual([{ text: 'a' }]);
  });

  it('keeps what nobody can change', () => {
    const [view] = cache.all([a1])!;
    expect(() => Object.assign(view!, { text: 'mine' })).toThrow(TypeError);
  });
});
