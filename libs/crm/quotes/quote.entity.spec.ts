import { QUOTE_STATUSES, type QuoteStatus, type QuoteView } from './contracts.js';
import { QUOTE_TRANSITIONS } from './quote-state.js';
import { Quote, type QuoteFacts } from './quote.entity.js';
import { QuoteAdded, QuoteDeleted, QuoteRevised, QuoteStatusChanged } from './quote.events.js';

const ADDED = '2026-03-02T06:00:00.000Z';
const LATER = '2026-03-05T09:30:00.000Z';
const TODAY = '2026-03-02';
const SELLER = 'a0000000-0000-7000-8000-000000000001';
const EXECUTOR = 'a0000000-0000-7000-8000-000000000002';
const POLICY = 'e0000000-0000-7000-8000-000000000001';
const QUOTE = 'f0000000-0000-7000-8000-000000000001';
const DEAL = 'd0000000-0000-7000-8000-000000000001';

const WHOLE: QuoteFacts = {
  insuranceCompany: 'Ингосстрах',
  programName: 'КАСКО',
  premiumAmount: '85000.00',
  coverageSum: null,
  currency: 'RUB',
  calculationDate: '2026-03-01',
  validityPeriod: { start: '2026-03-15', end: '2027-03-14' },
  files: ['b0000000-0000-4000-8000-000000000001'],
  comments: null,
};

/** Shortest way from draft into a state, by the table. */
function wayTo(target: QuoteStatus): readonly QuoteStatus[] {
  const ways: QuoteStatus[][] = [['draft']];
  for (const way of ways) {
    if (way.at(-1) === target) return way.slice(1);
    ways.push(...QUOTE_TRANSITIONS[way.at(-1)!].map((next) => [...way, next]));
  }
  throw new Error(`no way to ${target}`);
}

/** As a repository leaves it once it is stored. */
function stored(quote: Quote): Quote {
  quote.uncommit();
  quote.loadedVersion = quote.currentVersion;
  return quote;
}

/** A stored quote in a state. */
function quoteIn(status: QuoteStatus, facts: Partial<QuoteFacts> = {}): Quote {
  const quote = stored(
    Quote.add({ id: QUOTE, dealId: DEAL, ownerId: SELLER }, { ...WHOLE, ...facts }, TODAY, SELLER, ADDED),
  );
  for (const next of wayTo(status)) quote.moveTo(next, quote.linkedPolicyId, SELLER, ADDED);
  return stored(quote);
}

function expectUntouched(quote: Quote, before: QuoteView): void {
  expect(quote.getUncommittedEvents()).toEqual([]);
  expect(quote.view).toEqual(before);
}

const pairs = QUOTE_STATUSES.flatMap((from) => QUOTE_STATUSES.map((to) => [from, to] as const));
const allowed = pairs.filter(([from, to]) => QUOTE_TRANSITIONS[from].includes(to));
const forbidden = pairs.filter(([from, to]) => !QUOTE_TRANSITIONS[from].includes(to));

describe('the states of a quote', () => {
  it('are the table of the domain', () => {
    expect(allowed.map((pair) => pair.join(' → '))).toEqual([
      'draft → ready',
      'ready → confirmed',
      'ready → archived',
      'confirmed → archived',
    ]);
    expect(forbidden).toHaveLength(pairs.length - allowed.length);
  });

  it.each(allowed)('go from %s to %s', (from, to) => {
    const quote = quoteIn(from);
    const before = quote.view;
    quote.moveTo(to, null, EXECUTOR, LATER);
    expect(quote.view).toEqual({ ...before, status: to, version: before.version + 1, updated_at: LATER });
    expect(quote.getUncommittedEvents()).toEqual([new QuoteStatusChanged(quote.view, EXECUTOR, { status: from })]);
  });

  it.each(forbidden)('do not go from %s to %s', (from, to) => {
    const quote = quoteIn(from);
    const before = quote.view;
    const refusal = expect.objectContaining({ kind: 'conflict', code: 'quote_transition_forbidden' });
    expect(() => quote.moveTo(to, POLICY, EXECUTOR, LATER)).toThrow(refusal);
    expect(() => quote.requireTransition(to)).toThrow(refusal);
    expectUntouched(quote, before);
  });

  it('carry the policy along', () => {
    const quote = quoteIn('ready');
    quote.moveTo('confirmed', POLICY, SELLER, LATER);
    expect(quote.view.linked_policy_id).toBe(POLICY);
    expect(quote.getUncommittedEvents()).toEqual([
      new QuoteStatusChanged(quote.view, SELLER, { status: 'ready', linked_policy_id: null }),
    ]);
  });
});

describe('a quote', () => {
  it('begins as a draft in its first version', () => {
    const quote = Quote.add(
      { id: QUOTE, dealId: DEAL, ownerId: SELLER },
      { ...WHOLE, premiumAmount: '85000' },
      TODAY,
      SELLER,
      ADDED,
    );
    expect(quote.view).toMatchObject({ status: 'draft', version: 1, owner_id: SELLER, premium_amount: '85000.00' });
    expect(quote.getUncommittedEvents()).toEqual([new QuoteAdded(quote.view, SELLER, {})]);
  });

  it.each([
    ['files_required_for_ready', { files: [] }],
    ['program_required_for_ready', { programName: null }],
    ['premium_required_for_ready', { premiumAmount: null }],
    ['validity_period_required_for_ready', { validityPeriod: null }],
    ['validity_period_required_for_ready', { validityPeriod: { start: '2026-03-15', end: null } }],
    ['validity_period_required_for_ready', { validityPeriod: { start: null, end: '2027-03-14' } }],
  ] as const)('is not ready: %s', (code, lack) => {
    const refusal = expect.objectContaining({ kind: 'invalid', code });
    const draft = quoteIn('draft', lack);
    const before = draft.view;
    expect(() => draft.moveTo('ready', null, SELLER, LATER)).toThrow(refusal);
    expectUntouched(draft, before);
    expect(() => quoteIn('ready').revise(lack, SELLER, LATER)).toThrow(refusal);
  });

  it.each(QUOTE_STATUSES.filter((status) => ['draft', 'ready'].includes(status)))(
    'may be changed while %s',
    (status) => {
      const quote = quoteIn(status);
      quote.revise({ comments: 'с франшизой', files: ['b', 'a'] }, EXECUTOR, LATER);
      const previous = { files: WHOLE.files, comments: null };
      expect(quote.view).toMatchObject({ comments: 'с франшизой', files: ['b', 'a'], updated_at: LATER });
      expect(quote.getUncommittedEvents()).toEqual([new QuoteRevised(quote.view, EXECUTOR, previous)]);
    },
  );

  it.each(['confirmed', 'archived'] as const)('is read-only once %s', (status) => {
    const quote = quoteIn(status);
    const before = quote.view;
    const refusal = expect.objectContaining({ kind: 'invalid', code: 'quote_update_forbidden' });
    expect(() => quote.revise({ comments: 'поздно' }, SELLER, LATER)).toThrow(refusal);
    expectUntouched(quote, before);
  });

  it.each(QUOTE_STATUSES.flatMap((status) => [[status, false] as const, [status, true] as const]))(
    'that is %s stays as it was when given its own facts (deal closed: %s)',
    (status, isDealClosed) => {
      const quote = quoteIn(status);
      quote.isDealClosed = isDealClosed;
      const before = quote.view;
      quote.revise({ ...WHOLE, premiumAmount: '85000' }, SELLER, LATER);
      expectUntouched(quote, before);
    },
  );

  it('as PostgreSQL writes its validity stays as it was when given the same days', () => {
    const quote = quoteIn('confirmed');
    Object.assign(quote, { validity: '[2026-03-15,2027-03-15)' });
    const before = quote.view;
    quote.revise({ validityPeriod: { start: '2026-03-15', end: '2027-03-14' } }, SELLER, LATER);
    expectUntouched(quote, before);
  });

  it.each<[string, (quote: Quote) => void]>([
    ['facts', (quote) => quote.revise({ comments: 'поздно' }, SELLER, LATER)],
    ['state', (quote) => quote.moveTo('archived', null, SELLER, LATER)],
    ['existence', (quote) => quote.delete(SELLER, LATER)],
  ])('of a closed deal retains its %s', (_what, change) => {
    const quote = quoteIn('ready');
    quote.isDealClosed = true;
    const before = quote.view;
    expect(() => change(quote)).toThrow(expect.objectContaining({ kind: 'conflict', code: 'deal_closed' }));
    expectUntouched(quote, before);
  });

  it('refuses a validity that ends before it begins', () => {
    const period = { start: '2026-03-15', end: '2026-03-14' };
    const refusal = expect.objectContaining({ code: 'validity_period_reversed' });
    expect(() => quoteIn('draft', { validityPeriod: period })).toThrow(refusal);
    expect(() => quoteIn('draft').revise({ validityPeriod: period }, SELLER, LATER)).toThrow(refusal);
  });

  it('accepts as many files as fit into an event', () => {
    const files = Array.from({ length: 25 }, () => 'f'.repeat(500));
    expect(quoteIn('draft', { files: files.slice(1) }).view.files).toHaveLength(24);
    expect(() => quoteIn('draft', { files })).toThrow(expect.objectContaining({ code: 'files_too_long' }));
  });

  it.each(QUOTE_STATUSES)('may be deleted while %s, and lets its policy go', (status) => {
    const quote = quoteIn(status);
    quote.linkedPolicyId = POLICY;
    quote.delete(SELLER, LATER);
    expect(quote.view).toMatchObject({ is_deleted: true, linked_policy_id: null });
    expect(quote.getUncommittedEvents()).toEqual([new QuoteDeleted(quote.view, SELLER, { is_deleted: false }, LATER)]);
  });
});
