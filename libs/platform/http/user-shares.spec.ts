import { UserShares } from './user-shares.js';

describe('the shares of users', () => {
  it('are counted for each user apart', () => {
    const shares = new UserShares(2);
    expect([shares.take('anna'), shares.take('anna'), shares.take('anna')]).toEqual([true, true, false]);
    expect(shares.take('boris')).toBe(true);
    shares.release('anna');
    expect([shares.take('anna'), shares.take('anna')]).toEqual([true, false]);
  });

  it('are not less after more releases than takes', () => {
    const shares = new UserShares(1);
    shares.release('anna');
    expect([shares.take('anna'), shares.take('anna')]).toEqual([true, false]);
  });
});
