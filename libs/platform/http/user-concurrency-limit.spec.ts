import { UserConcurrencyLimit } from './user-concurrency-limit.js';

describe('the limit of concurrent operations of a user', () => {
  it('counts the operations of each user separately', () => {
    const limit = new UserConcurrencyLimit(2);
    expect([limit.tryAcquire('anna'), limit.tryAcquire('anna'), limit.tryAcquire('anna')]).toEqual([true, true, false]);
    expect(limit.tryAcquire('boris')).toBe(true);
    limit.release('anna');
    expect([limit.tryAcquire('anna'), limit.tryAcquire('anna')]).toEqual([true, false]);
  });

  it('ignores a release without an operation', () => {
    const limit = new UserConcurrencyLimit(1);
    limit.release('anna');
    expect([limit.tryAcquire('anna'), limit.tryAcquire('anna')]).toEqual([true, false]);
  });
});
