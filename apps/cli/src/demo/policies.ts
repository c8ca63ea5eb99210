import { RevisePolicyCommand } from '#crm/policies';
import { DraftPolicyCommand } from '#crm/quotes';
import { addDays, Money } from '#platform/kernel';
import type { Act } from './act.js';
import type { DemoClient } from './clients.js';
import type { DemoDeal } from './deals.js';
import type { Dice } from './content/dice.js';
import { activate, close, type DemoPolicy, type Issuing, numberOf, type SoldPolicy } from './policy-acts.js';
import { Portfolio } from './portfolio.js';
import type { ConfirmedQuote } from './quotes.js';
import type { WorkingTime } from './content/working-time.js';

/** Part of a deal's working time in which a policy is drafted. */
const DRAFTED = [0.85, 0.95] as const;
/** Share of proposals with a confirmed quote that have a policy draft. */
const SHARE_OF_PROPOSALS = 0.6;
/** Share of policies in force that are closed before their end. */
const ENDED_EARLY = 0.2;
/** Share of clients with deals who bring a policy of another broker. */
const SHARE_OF_CLIENTS = 0.32;

/** Policies from confirmed quotes, and those that clients bring. */
export function drawPolicies(
  confirmed: readonly ConfirmedQuote[],
  deals: readonly DemoDeal[],
  time: WorkingTime,
  dice: Dice,
): Issuing {
  const taken = confirmed.filter(({ history }) => history.deal.profile.isClosed || dice.chance(SHARE_OF_PROPOSALS));
  const ages = new Map<DemoClient, number>();
  for (const { client, age } of deals) ages.set(client, Math.max(ages.get(client) ?? 0, age));
  const holders = [...ages].filter(() => dice.chance(SHARE_OF_CLIENTS));
  const issued = [
    ...taken.map((quote, index) => issue(quote, index, time, dice)),
    // Two numbers each: its own and its successor's.
    ...holders.map(([client, age], index) => new Portfolio(client, age, taken.length + 2 * index, time, dice).issuing),
  ];
  return {
    acts: issued.flatMap(({ acts }) => acts),
    policies: issued.flatMap(({ policies }) => policies),
    sold: issued.flatMap(({ sold }) => sold),
  };
}

/** Turns a confirmed quote into a policy: a draft while the deal is open, in force soon after it is won. */
function issue(quote: ConfirmedQuote, serial: number, time: WorkingTime, dice: Dice): Issuing {
  const { history, offer } = quote;
  const { from, until } = history.atWork!;
  const caller = history.handler;
  const { market } = history.deal.client;
  const policy: DemoPolicy = { caller, market, age: until * dice.between(0.85, 0.9) };
  const draft: Act = {
    at: time.ago(from - dice.between(...DRAFTED) * (from - until)),
    command: () => new DraftPolicyCommand(caller, history.deal.id!, quote.id!),
    done: ({ id }) => (policy.id = id),
  };
  if (!history.deal.profile.isClosed) return { acts: [draft], policies: [], sold: [] };
  const effectiveFrom = addDays(time.day(policy.age), dice.whole(1, 10));
  const facts = {
    policyNumber: numberOf(offer.insurer, serial),
    effectiveFrom,
    effectiveTo: addDays(effectiveFrom, 364),
  };
  const complete: Act = {
    at: time.ago(until * dice.between(0.92, 0.98)),
    command: () => new RevisePolicyCommand(caller, policy.id!, facts),
  };
  const endedAge = dice.chance(ENDED_EARLY) ? policy.age * dice.between(0.1, 0.8) : null;
  const sold = { policy, history, premium: Money.of(offer.premium, offer.currency), effectiveFrom, endedAge };
  const acts = [draft, complete, activate(policy, time), ...endEarly(sold, time, dice)];
  return { acts, policies: [policy], sold: [sold] };
}

/** Closes a few policies before their end, e.g. because the car was sold. */
function endEarly({ policy, endedAge }: SoldPolicy, time: WorkingTime, dice: Dice): Act[] {
  if (endedAge === null) return [];
  const reason = dice.pick(['cancelled', 'cancelled', 'replaced', 'void'] as const);
  return [close(policy, reason, endedAge, time)];
}
