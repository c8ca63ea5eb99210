import { ItemCache } from './list-reader.js';

const cachedItem = (id: string, row_version: string, item = id) => ({ row: { id, row_version }, item });

describe('a cache of items', () => {
  const a1 = cachedItem('a', '1');
  const b1 = cachedItem('b', '1');
  let cache: ItemCache<object, string>;
  beforeEach(() => {
    cache = new ItemCache(2);
    cache.add([a1, b1]);
  });

  const find = (...items: ReturnType<typeof cachedItem>[]) => cache.find(items.map(({ row }) => row));

  it('returns the items of the same versions, in the order of the versions', () => {
    expect(find(b1, a1, b1)).toEqual([b1, a1, b1]);
    expect(find()).toEqual([]);
  });

  it('returns nothing when one row has another version', () => {
    const b2 = cachedItem('b', '2', 'newer');
    expect(find(a1, b2)).toBeUndefined();
    cache.add([b2]);
    expect(find(b1)).toBeUndefined();
    expect(find(b2)).toEqual([b2]);
  });

  it('drops the least recently used item', () => {
    find(a1);
    cache.add([cachedItem('c', '1')]);
    expect(find(b1)).toBeUndefined();
    expect(find(a1)).toEqual([a1]);
  });
});
