import { STAGES, STATUSES } from './contracts.js';
import { OPEN_STATUSES, STAGE_TABLE, stageOf, statusesOf } from './deal-stage.js';

describe('the stage of a stored status', () => {
  it.each([
    ['qualification', 'qualification'],
    ['draft', 'qualification'],
    ['in_progress', 'negotiation'],
    ['negotiation', 'negotiation'],
    ['proposal', 'proposal'],
    ['won', 'closedWon'],
    ['closed_won', 'closedWon'],
    ['lost', 'closedLost'],
    ['closed_lost', 'closedLost'],
  ])('%s is %s', (status, stage) => {
    expect(stageOf(status)).toBe(stage);
  });

  it('is allowed for no other stage', () => {
    expect(() => stageOf('paused')).toThrow('paused');
    expect(() => stageOf('closedWon')).toThrow('closedWon');
  });

  it('leads back from every code of a stage to the stage, whose own code comes first', () => {
    expect(STAGES.map((stage) => STAGE_TABLE[stage].status)).toEqual(STATUSES);
    for (const stage of STAGES) {
      expect(statusesOf(stage)[0]).toBe(STAGE_TABLE[stage].status);
      expect(statusesOf(stage).map(stageOf)).toEqual(statusesOf(stage).map(() => stage));
    }
  });

  it('counts as open with its synonyms until it is won or lost', () => {
    expect([...OPEN_STATUSES].sort()).toEqual(['draft', 'in_progress', 'negotiation', 'proposal', 'qualification']);
  });
});
