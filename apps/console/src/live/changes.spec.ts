import { changesOf } from './changes.js';

describe('what an entry of the journal says has changed', () => {
  it('is what was and what is, but for what only repeats it', () => {
    const before = { stage: 'proposal', status: 'proposal', net_total: '1000.00', policy_number: null };
    const after = { stage: 'closedWon', status: 'won', net_total: '2000.50', policy_number: 'ХК 77' };
    expect(changesOf({ before, after })).toEqual([
      'stage: proposal → closedWon',
      'net total: 1\u202f000.00 → 2\u202f000.50',
      'policy number: – → ХК 77',
    ]);
  });

  it('are, for a new row, the fields that describe it', () => {
    const after = { id: 'x', amount: '48460.00', currency: 'RUB', category: 'payout', note: null };
    expect(changesOf({ after })).toEqual(['48\u202f460.00 RUB · payout']);
    expect(changesOf({})).toEqual([]);
  });
});
