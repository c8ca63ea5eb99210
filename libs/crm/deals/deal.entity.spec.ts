import { type Stage, STAGES } from './contracts.js';
import { Deal, type DealRevision } from './deal.entity.js';
import {
  DealAssigned,
  DealDeleted,
  DealOpened,
  DealRevised,
  DealStageChanged,
  type PreviousValues,
} from './deal.events.js';
import { STAGE_TABLE } from './deal-stage.js';

const OPENED = '2026-03-02T06:00:00.000Z';
const LATER = '2026-03-05T09:30:00.000Z';
const SELLER = 'a0000000-0000-7000-8000-000000000001';
const EXECUTOR = 'a0000000-0000-7000-8000-000000000002';
const LEAD = 'a0000000-0000-7000-8000-000000000003';

const FACTS = {
  id: 'd0000000-0000-7000-8000-000000000001',
  clientId: 'c0000000-0000-7000-8000-000000000001',
  title: 'КАСКО',
  description: null,
  ownerId: SELLER,
  executorId: null,
  nextReviewAt: '2026-03-10',
};

const OPEN_STAGES = STAGES.filter((stage) => !STAGE_TABLE[stage].isClosed);
const CLOSED_STAGES = STAGES.filter((stage) => STAGE_TABLE[stage].isClosed);
const pairs = <A, B>(ones: readonly A[], others: readonly B[]): (readonly [A, B])[] =>
  ones.flatMap((one) => others.map((other) => [one, other] as const));

/** As a repository leaves it once it is stored. */
function stored(deal: Deal): Deal {
  deal.uncommit();
  deal.loadedVersion = deal.currentVersion;
  return deal;
}

/** A stored deal that stands at `stage`. */
function dealAt(stage: Stage): Deal {
  const deal = stored(Deal.open(FACTS, SELLER, OPENED));
  if (stage !== 'qualification') deal.moveTo(stage, null, SELLER, OPENED);
  return stored(deal);
}

/** The only event of a change. */
function onlyEvent(deal: Deal): unknown {
  expect(deal.getUncommittedEvents()).toHaveLength(1);
  return deal.getUncommittedEvents()[0];
}

function expectUntouched(deal: Deal, before: Deal['view']): void {
  expect(deal.getUncommittedEvents()).toEqual([]);
  expect(deal.view).toEqual(before);
}

describe('a deal', () => {
  it('starts at qualification, in its first version', () => {
    const deal = Deal.open(FACTS, LEAD, OPENED);
    expect(deal.view).toEqual({
      id: FACTS.id,
      client_id: FACTS.clientId,
      title: 'КАСКО',
      description: null,
      status: 'qualification',
      stage: 'qualification',
      owner_id: SELLER,
      executor_id: null,
      next_review_at: '2026-03-10',
      closed_at: null,
      lost_reason: null,
      version: 1,
      created_at: OPENED,
      updated_at: OPENED,
      is_deleted: false,
    });
    expect(onlyEvent(deal)).toEqual(new DealOpened(deal.view, LEAD));
  });

  it.each(pairs(OPEN_STAGES, STAGES).filter(([from, to]) => from !== to))('moves from %s to %s', (from, to) => {
    const deal = dealAt(from);
    const before = deal.view;
    deal.moveTo(to, null, LEAD, LATER);
    const { status, isClosed } = STAGE_TABLE[to];
    const closedAt = isClosed ? LATER : null;
    const after = { stage: to, status, closed_at: closedAt, version: before.version + 1, updated_at: LATER };
    expect(deal.view).toEqual({ ...before, ...after });
    const previous: PreviousValues = {
      status: STAGE_TABLE[from].status,
      stage: from,
      ...(isClosed && { closed_at: null }),
    };
    expect(onlyEvent(deal)).toEqual(new DealStageChanged(deal.view, LEAD, previous, from));
  });

  it.each(pairs(CLOSED_STAGES, STAGES).filter(([from, to]) => from !== to))(
    'does not move from %s to %s',
    (from, to) => {
      const deal = dealAt(from);
      const before = deal.view;
      expect(() => deal.moveTo(to, null, LEAD, LATER)).toThrow(
        expect.objectContaining({ kind: 'conflict', code: 'deal_closed' }),
      );
      expectUntouched(deal, before);
    },
  );

  it.each(STAGES)('that is at %s already stays as it was when moved there', (stage) => {
    const deal = dealAt(stage);
    const before = deal.view;
    deal.moveTo(stage, null, LEAD, LATER);
    expectUntouched(deal, before);
  });

  it('that is lost is unchanged when lost again for the same reason, and refuses another one', () => {
    const deal = dealAt('proposal');
    deal.moveTo('closedLost', 'Chose another broker', SELLER, LATER);
    const lost = stored(deal).view;
    deal.moveTo('closedLost', 'Chose another broker', LEAD, LATER);
    expectUntouched(deal, lost);
    expect(() => deal.moveTo('closedLost', 'Too expensive', LEAD, LATER)).toThrow(
      expect.objectContaining({ kind: 'conflict', code: 'deal_closed' }),
    );
    expectUntouched(deal, lost);
  });

  it('that is lost retains the reason', () => {
    const deal = dealAt('proposal');
    deal.moveTo('closedLost', 'Chose another broker', SELLER, LATER);
    expect(deal.view).toMatchObject({ stage: 'closedLost', lost_reason: 'Chose another broker', closed_at: LATER });
    expect(onlyEvent(deal)).toMatchObject({ previous: { lost_reason: null, closed_at: null, stage: 'proposal' } });
  });

  it.each(STAGES.filter((stage) => stage !== 'closedLost'))('takes no reason for %s', (stage) => {
    const deal = dealAt(stage === 'proposal' ? 'negotiation' : 'proposal');
    const before = deal.view;
    expect(() => deal.moveTo(stage, 'because', SELLER, LATER)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'reason_not_applicable' }),
    );
    expectUntouched(deal, before);
  });

  it.each<[DealRevision, PreviousValues]>([
    [{ title: 'ОСАГО' }, { title: 'КАСКО' }],
    [{ description: 'с франшизой' }, { description: null }],
    [{ nextReviewAt: '2020-01-01' }, { next_review_at: '2026-03-10' }],
    [
      { title: 'ОСАГО', description: null, nextReviewAt: '2026-03-11' },
      { title: 'КАСКО', next_review_at: '2026-03-10' },
    ],
  ])('that is revised by %j records the previous values', (revision, previous) => {
    const deal = dealAt('negotiation');
    const { version } = deal.view;
    deal.revise(revision, EXECUTOR, LATER);
    expect(deal.view).toMatchObject({ version: version + 1, updated_at: LATER });
    expect(onlyEvent(deal)).toEqual(new DealRevised(deal.view, EXECUTOR, previous));
  });

  it('loses its description when it is set to null, and only then', () => {
    const deal = stored(Deal.open({ ...FACTS, description: 'с франшизой' }, SELLER, OPENED));
    deal.revise({ title: 'ОСАГО', description: undefined }, SELLER, LATER);
    expect(deal.view.description).toBe('с франшизой');
    deal.revise({ description: null }, SELLER, LATER);
    expect(deal.view.description).toBeNull();
  });

  it.each<DealRevision>([{}, { title: 'КАСКО' }, { description: null }, { nextReviewAt: '2026-03-10' }])(
    'revised by %j, which it says already, stays as it was',
    (revision) => {
      const deal = dealAt('qualification');
      const before = deal.view;
      deal.revise(revision, SELLER, LATER);
      expectUntouched(deal, before);
    },
  );

  it('given to another owner and executor records the previous ones', () => {
    const deal = dealAt('qualification');
    deal.assign({ ownerId: LEAD, executorId: EXECUTOR }, LEAD, LATER);
    expect(deal.parties).toEqual({ ownerId: LEAD, executorId: EXECUTOR });
    expect(deal.view).toMatchObject({ version: 2, updated_at: LATER });
    const previous = { owner_id: SELLER, executor_id: null };
    expect(onlyEvent(deal)).toEqual(new DealAssigned(deal.view, LEAD, previous));
  });

  it('retains the owner when only the executor is named, and removes the one that is null', () => {
    const deal = stored(Deal.open({ ...FACTS, executorId: EXECUTOR }, LEAD, OPENED));
    deal.assign({ executorId: null }, LEAD, LATER);
    expect(deal.parties).toEqual({ ownerId: SELLER, executorId: null });
    deal.assign({ ownerId: null }, LEAD, LATER);
    expect(deal.parties).toEqual({ ownerId: null, executorId: null });
  });

  it.each([{}, { ownerId: SELLER }, { executorId: null }])('assigned as it is (%j) stays as it was', (assignment) => {
    const deal = dealAt('qualification');
    const before = deal.view;
    deal.assign(assignment, LEAD, LATER);
    expectUntouched(deal, before);
  });

  it('is deleted with the name of who did it', () => {
    const deal = dealAt('proposal');
    deal.delete(LEAD, LATER);
    expect(deal.view).toMatchObject({ is_deleted: true, version: 3, updated_at: LATER });
    expect(onlyEvent(deal)).toEqual(new DealDeleted(deal.view, LEAD, LATER));
  });

  it('takes one step of version however often one command changes it', () => {
    const deal = dealAt('qualification');
    deal.revise({ title: 'ОСАГО' }, SELLER, LATER);
    deal.moveTo('proposal', null, SELLER, LATER);
    expect(deal.view.version).toBe(2);
    expect(deal.getUncommittedEvents()).toHaveLength(2);
  });
});

describe.each(CLOSED_STAGES)('a deal at %s', (stage) => {
  it.each<[string, (deal: Deal) => void]>([
    ['title', (deal) => deal.revise({ title: 'ОСАГО' }, LEAD, LATER)],
    ['description', (deal) => deal.revise({ description: 'late' }, LEAD, LATER)],
    ['title together with its review', (deal) => deal.revise({ title: 'x', nextReviewAt: '2027-01-01' }, LEAD, LATER)],
    ['owner', (deal) => deal.assign({ ownerId: LEAD }, LEAD, LATER)],
    ['executor', (deal) => deal.assign({ executorId: EXECUTOR }, LEAD, LATER)],
    ['existence', (deal) => deal.delete(LEAD, LATER)],
  ])('retains its %s', (_what, change) => {
    const deal = dealAt(stage);
    const before = deal.view;
    expect(() => change(deal)).toThrow(expect.objectContaining({ kind: 'conflict', code: 'deal_closed' }));
    expectUntouched(deal, before);
  });

  it.each<[string, (deal: Deal) => void]>([
    ['its own text and review', (deal) => deal.revise({ title: 'КАСКО', description: null }, LEAD, LATER)],
    ['its own review', (deal) => deal.revise({ nextReviewAt: '2026-03-10' }, LEAD, LATER)],
    ['its own owner and executor', (deal) => deal.assign({ ownerId: SELLER, executorId: null }, LEAD, LATER)],
    ['its own stage', (deal) => deal.moveTo(stage, null, LEAD, LATER)],
  ])('stays as it was when given %s', (_what, change) => {
    const deal = dealAt(stage);
    const before = deal.view;
    change(deal);
    expectUntouched(deal, before);
  });

  it('may be looked at again on another day', () => {
    const deal = dealAt(stage);
    deal.revise({ nextReviewAt: '2027-03-01', title: 'КАСКО' }, SELLER, LATER);
    expect(deal.view).toMatchObject({ next_review_at: '2027-03-01', stage, version: 3 });
    expect(onlyEvent(deal)).toEqual(new DealRevised(deal.view, SELLER, { next_review_at: '2026-03-10' }));
  });
});

describe('a change based on an old version', () => {
  it('is refused, and one on the present version or on any is not', () => {
    const deal = dealAt('proposal');
    expect(() => deal.expectVersion([1])).toThrow(expect.objectContaining({ kind: 'stale', code: 'version_mismatch' }));
    expect(() => deal.expectVersion([])).toThrow(expect.objectContaining({ code: 'version_mismatch' }));
    expect(deal.isVersionExpected).toBe(false);
    deal.expectVersion(undefined);
    expect(deal.isVersionExpected).toBe(false);
    deal.expectVersion([1, 2]);
    expect(deal.isVersionExpected).toBe(true);
  });
});

describe('a deal whose client is merged into another one', () => {
  const OTHER_CLIENT = 'c0000000-0000-7000-8000-000000000002';

  it.each(STAGES)('follows it at %s', (stage) => {
    const deal = dealAt(stage);
    const before = deal.view;
    deal.giveTo(OTHER_CLIENT, LEAD, LATER);
    expect(deal.view).toEqual({ ...before, client_id: OTHER_CLIENT, version: before.version + 1, updated_at: LATER });
    expect(onlyEvent(deal)).toEqual(new DealRevised(deal.view, LEAD, { client_id: FACTS.clientId }));
  });

  it('stays as it is when it is there already', () => {
    const deal = dealAt('proposal');
    const before = deal.view;
    deal.giveTo(FACTS.clientId, LEAD, LATER);
    expectUntouched(deal, before);
  });
});
