import { CLOSE_REASONS, POLICY_STATUSES, type PolicyStatus, type PolicyView } from './contracts.js';
import { POLICY_TRANSITIONS } from './policy-state.js';
import { Policy, type PolicyFacts } from './policy.entity.js';
import { PolicyActivated, PolicyClosed, PolicyDeleted, PolicyDrafted, PolicyRevised } from './policy.events.js';

const DRAFTED = '2026-03-02T06:00:00.000Z';
const LATER = '2026-03-05T09:30:00.000Z';
const TODAY = '2026-03-02';
const SELLER = 'a0000000-0000-7000-8000-000000000001';
const QUOTE = 'f0000000-0000-7000-8000-000000000001';
const OTHER_QUOTE = 'f0000000-0000-7000-8000-000000000002';
const OTHER_CLIENT = 'c0000000-0000-7000-8000-000000000002';
const SUCCESSOR = 'e0000000-0000-7000-8000-000000000002';

const ORIGIN = {
  id: 'e0000000-0000-7000-8000-000000000001',
  clientId: 'c0000000-0000-7000-8000-000000000001',
  dealId: 'd0000000-0000-7000-8000-000000000001',
  quoteId: null,
  ownerId: SELLER,
  renewsPolicyId: null,
};
const WHOLE: PolicyFacts = {
  insuranceCompany: 'Ингосстрах',
  policyNumber: 'XXX 1',
  premium: '85000.00',
  currency: 'RUB',
  effectiveFrom: '2026-03-15',
  effectiveTo: '2027-03-14',
};
const OPEN: PolicyFacts = {
  insuranceCompany: null,
  policyNumber: null,
  premium: null,
  currency: null,
  effectiveFrom: null,
  effectiveTo: null,
};
const COVER = {
  quoteId: QUOTE,
  insuranceCompany: 'Альфа',
  premium: '900.00',
  currency: 'EUR',
  effectiveFrom: '2026-04-01',
  effectiveTo: '2027-03-31',
};

/** As a repository leaves it once it is stored. */
function stored(policy: Policy): Policy {
  policy.uncommit();
  policy.loadedVersion = policy.currentVersion;
  return policy;
}

function drafted(facts: Partial<PolicyFacts> = {}): Policy {
  return stored(Policy.draft(ORIGIN, { ...WHOLE, ...facts }, TODAY, SELLER, DRAFTED));
}

/** How a policy is brought into a state. */
const INTO: Readonly<Record<PolicyStatus, ((policy: Policy) => void) | null>> = {
  draft: null,
  active: (policy) => policy.activate(SELLER, LATER),
  closed: (policy) => policy.close('cancelled', SELLER, LATER),
};

/** A stored policy in a state, brought there by the table. */
function policyIn(status: PolicyStatus, facts: Partial<PolicyFacts> = {}): Policy {
  const policy = drafted(facts);
  while (policy.view.status !== status) {
    INTO[POLICY_TRANSITIONS[policy.view.status][0]!]!(policy);
    stored(policy);
  }
  return policy;
}

function expectUntouched(policy: Policy, before: PolicyView): void {
  expect(policy.getUncommittedEvents()).toEqual([]);
  expect(policy.view).toEqual(before);
}

const refusal = (kind: string, code: string): object => expect.objectContaining({ kind, code }) as object;
const pairs = POLICY_STATUSES.flatMap((from) => POLICY_STATUSES.map((to) => [from, to] as const));
const allowed = pairs.filter(([from, to]) => POLICY_TRANSITIONS[from].includes(to));
const forbidden = pairs.filter(([from, to]) => !POLICY_TRANSITIONS[from].includes(to));

describe('the states of a policy', () => {
  it('are the table of the domain', () => {
    expect(allowed.map((pair) => pair.join(' → '))).toEqual(['draft → active', 'active → closed']);
    expect(forbidden).toHaveLength(pairs.length - allowed.length);
  });

  it.each(allowed)('go from %s to %s', (from, to) => {
    const policy = policyIn(from);
    const before = policy.view;
    INTO[to]!(policy);
    expect(policy.view).toMatchObject({ status: to, version: before.version + 1 });
    const [event] = policy.getUncommittedEvents();
    expect(event).toBeInstanceOf(to === 'active' ? PolicyActivated : PolicyClosed);
    expect(event).toMatchObject({ policy: policy.view, previous: { status: from } });
  });

  it.each(forbidden.filter(([, to]) => INTO[to]))('do not go from %s to %s', (from, to) => {
    const policy = policyIn(from);
    const before = policy.view;
    expect(() => INTO[to]!(policy)).toThrow(refusal('conflict', 'policy_transition_forbidden') as Error);
    expectUntouched(policy, before);
  });

  it('never lead back to draft: nothing brings it there', () => {
    expect(allowed.filter(([, to]) => to === 'draft')).toEqual([]);
    expect(INTO.draft).toBeNull();
  });

  it.each(CLOSE_REASONS)('end with the reason %s', (reason) => {
    const policy = policyIn('active');
    policy.close(reason, SELLER, LATER);
    expect(policy.view).toMatchObject({ status: 'closed', close_reason: reason });
  });
});

describe('a policy', () => {
  it('begins as a draft in its first version', () => {
    const policy = Policy.draft(ORIGIN, { ...WHOLE, premium: '85000' }, TODAY, SELLER, DRAFTED);
    expect(policy.view).toMatchObject({ status: 'draft', version: 1, premium: '85000.00' });
    expect(policy.getUncommittedEvents()).toEqual([new PolicyDrafted(policy.view, SELLER, {})]);
  });

  it.each([['policyNumber'], ['insuranceCompany'], ['effectiveFrom'], ['effectiveTo']] as const)(
    'is not active without %s',
    (field) => {
      const draft = drafted({ [field]: null });
      const before = draft.view;
      expect(() => draft.activate(SELLER, LATER)).toThrow(refusal('invalid', 'policy_incomplete') as Error);
      expectUntouched(draft, before);
      const active = policyIn('active');
      expect(() => active.revise({ [field]: null }, SELLER, LATER)).toThrow(
        refusal('invalid', 'policy_incomplete') as Error,
      );
    },
  );

  it.each(['draft', 'active'] as const)('may be changed while %s', (status) => {
    const policy = policyIn(status);
    policy.revise({ premium: '90000.00' }, SELLER, LATER);
    expect(policy.getUncommittedEvents()).toEqual([new PolicyRevised(policy.view, SELLER, { premium: '85000.00' })]);
  });

  it('is read-only once closed', () => {
    const policy = policyIn('closed');
    const before = policy.view;
    const refused = refusal('conflict', 'policy_closed') as Error;
    expect(() => policy.revise({ premium: '1.00' }, SELLER, LATER)).toThrow(refused);
    expect(() => policy.linkTo(COVER, SELLER, LATER)).toThrow(refused);
    expectUntouched(policy, before);
  });

  it.each([
    ['policy_dates_reversed', { effectiveTo: '2026-03-14' }],
    ['currency_required', { currency: null }],
    ['policy_number_empty', { policyNumber: '– -' }],
  ] as const)('is refused: %s', (code, facts) => {
    expect(() => drafted(facts)).toThrow(refusal('invalid', code) as Error);
    expect(() => drafted().revise(facts, SELLER, LATER)).toThrow(refusal('invalid', code) as Error);
  });

  it('may last one day', () => {
    expect(drafted({ effectiveTo: '2026-03-15' }).view.effective_to).toBe('2026-03-15');
  });

  it.each(POLICY_STATUSES)('follows its client into another one while %s', (status) => {
    const policy = policyIn(status);
    policy.giveTo(OTHER_CLIENT, SELLER, LATER);
    expect(policy.view.client_id).toBe(OTHER_CLIENT);
    expect(policy.getUncommittedEvents()).toEqual([
      new PolicyRevised(policy.view, SELLER, { client_id: ORIGIN.clientId }),
    ]);
  });

  it.each(POLICY_STATUSES)('that is %s stays as it was when given its own facts', (status) => {
    const policy = policyIn(status);
    const before = policy.view;
    policy.revise({ ...WHOLE, premium: '85000' }, SELLER, LATER);
    policy.release(SELLER, LATER);
    policy.giveTo(ORIGIN.clientId, SELLER, LATER);
    expectUntouched(policy, before);
  });

  it('is deleted as a draft only', () => {
    const draft = drafted();
    draft.delete(SELLER, LATER);
    expect(draft.getUncommittedEvents()).toEqual([new PolicyDeleted(draft.view, SELLER, { is_deleted: false }, LATER)]);
    for (const status of ['active', 'closed'] as const) {
      const policy = policyIn(status);
      const before = policy.view;
      expect(() => policy.delete(SELLER, LATER)).toThrow(refusal('conflict', 'policy_not_draft') as Error);
      expectUntouched(policy, before);
    }
  });
});

describe('a policy and its quote', () => {
  it('fills what the policy lacks', () => {
    const policy = drafted(OPEN);
    policy.linkTo(COVER, SELLER, LATER);
    expect(policy.view).toMatchObject({
      quote_id: QUOTE,
      insurance_company: 'Альфа',
      premium: '900.00',
      currency: 'EUR',
      effective_from: '2026-04-01',
      effective_to: '2027-03-31',
    });
  });

  it('leaves what the policy has, its currency with its premium', () => {
    const policy = drafted();
    const before = policy.view;
    policy.linkTo(COVER, SELLER, LATER);
    expect(policy.view).toEqual({ ...before, quote_id: QUOTE, version: 2, updated_at: LATER });
    expect(policy.getUncommittedEvents()).toEqual([new PolicyRevised(policy.view, SELLER, { quote_id: null })]);
  });

  it.each(POLICY_STATUSES)('stay as they were when linked once more while the policy is %s', (status) => {
    const policy = drafted();
    policy.linkTo(COVER, SELLER, LATER);
    for (const next of POLICY_STATUSES.slice(1, POLICY_STATUSES.indexOf(status) + 1)) INTO[next]!(stored(policy));
    const before = stored(policy).view;
    expect(before.status).toBe(status);
    policy.linkTo(COVER, SELLER, LATER);
    expectUntouched(policy, before);
  });

  it('belong to each other alone until released', () => {
    const policy = drafted();
    policy.linkTo(COVER, SELLER, LATER);
    const linked = stored(policy).view;
    const other = { ...COVER, quoteId: OTHER_QUOTE };
    expect(() => policy.linkTo(other, SELLER, LATER)).toThrow(refusal('conflict', 'policy_already_linked') as Error);
    expectUntouched(policy, linked);
    policy.release(SELLER, LATER);
    stored(policy).linkTo(other, SELLER, LATER);
    expect(policy.view.quote_id).toBe(OTHER_QUOTE);
  });
});

describe('a renewal', () => {
  it('follows the policy for a year', () => {
    const next = policyIn('active').renew(SUCCESSOR, {}, SELLER, LATER);
    expect(next.view).toMatchObject({
      id: SUCCESSOR,
      status: 'draft',
      insurance_company: 'Ингосстрах',
      policy_number: null,
      premium: '85000.00',
      effective_from: '2027-03-15',
      effective_to: '2028-03-14',
      renews_policy_id: ORIGIN.id,
      quote_id: null,
    });
  });

  it('is not of a draft, a void one, one renewed already, or past the calendar', () => {
    const gone = policyIn('active');
    gone.close('void', SELLER, LATER);
    const renewed = policyIn('active');
    renewed.hasSuccessor = true;
    const endless = policyIn('active', { effectiveTo: '9999-12-31' });
    const renew = (policy: Policy) => () => policy.renew(SUCCESSOR, {}, SELLER, LATER);
    for (const policy of [drafted(), gone, endless]) {
      expect(renew(policy)).toThrow(refusal('conflict', 'policy_not_renewable') as Error);
    }
    expect(renew(renewed)).toThrow(refusal('conflict', 'policy_already_renewed') as Error);
  });

  it('is due from 30 days before the end, while active and without a successor', () => {
    const due = (status: PolicyStatus, effectiveTo: string) =>
      policyIn(status, { effectiveFrom: TODAY, effectiveTo }).view;
    expect(due('active', '2026-04-01').renewal_due).toBe(true);
    expect(due('active', '2026-04-02').renewal_due).toBe(false);
    expect(due('draft', '2026-04-01').renewal_due).toBe(false);
    expect(due('closed', '2026-04-01').renewal_due).toBe(false);
    const renewed = policyIn('active', { effectiveFrom: TODAY, effectiveTo: '2026-04-01' });
    renewed.hasSuccessor = true;
    expect(renewed.view.renewal_due).toBe(false);
  });
});
