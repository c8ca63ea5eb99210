import { AddPolicyCommand, RenewPolicyCommand } from '#crm/policies';
import { addDays, type CalendarDate, type Caller } from '#platform/kernel';
import { type Act, callerOf } from './act.js';
import type { DemoClient } from './clients.js';
import type { Dice } from './content/dice.js';
import { drawOffers, type Offer } from './content/offers.js';
import { activate, close, type DemoPolicy, type Issuing, numberOf } from './policy-acts.js';
import { demoUser } from './content/users.js';
import type { WorkingTime } from './content/working-time.js';

/** Range of end dates of such policies, in days before and after today. */
const ENDS_IN = [-45, 75] as const;
/** Policies that end within so many days may be renewed already. */
const RENEWED_WITHIN_DAYS = 30;
/** Probabilities: renewed after its end, renewed before its end, successor in force already. */
const RENEWED = { ended: 0.6, ending: 0.35, inForce: 0.7 } as const;

/** A policy that a client brought and that ends about now, with its successor. */
export class Portfolio {
  private readonly caller: Caller;
  private readonly offer: Offer;
  private readonly policy: DemoPolicy;
  /** Its last day. */
  private readonly endsOn: CalendarDate;
  readonly issuing: Issuing;

  /**
   * @param age workdays since the client's first deal.
   * @param serial of the policy; the next one is its successor's.
   */
  constructor(
    private readonly client: DemoClient,
    age: number,
    private readonly serial: number,
    private readonly time: WorkingTime,
    private readonly dice: Dice,
  ) {
    this.caller = callerOf(client.seller ?? demoUser('lead'));
    this.offer = drawOffers(1, client.market, dice)[0]!;
    this.policy = { caller: this.caller, market: client.market, age: age * dice.between(0.8, 0.9) };
    const end = addDays(time.today, dice.whole(...ENDS_IN));
    // A policy that has ended is not taken over.
    this.endsOn = end > addDays(time.day(this.policy.age), 7) ? end : addDays(time.today, dice.whole(1, ENDS_IN[1]));
    const added = this.add(age * dice.between(0.92, 0.99));
    const { acts, policies } = this.sequel();
    this.issuing = {
      acts: [added, activate(this.policy, time), ...acts],
      policies: [this.policy, ...policies],
      sold: [],
    };
  }

  private add(age: number): Act {
    const { client, caller, offer, policy, endsOn } = this;
    const facts = {
      insuranceCompany: offer.insurer.name,
      policyNumber: numberOf(offer.insurer, this.serial),
      premium: offer.premium,
      currency: offer.currency,
      effectiveFrom: addDays(endsOn, -364),
      effectiveTo: endsOn,
    };
    return {
      at: this.time.ago(age),
      command: () => new AddPolicyCommand(caller, { clientId: client.id! }, facts),
      done: ({ id }) => (policy.id = id),
    };
  }

  /** Closes every policy that has ended, renewed or not. */
  private sequel(): Issuing {
    const { endsOn, time, dice, policy } = this;
    const hasEnded = endsOn < time.today;
    const isDue = endsOn <= addDays(time.today, RENEWED_WITHIN_DAYS);
    const isRenewed = isDue && dice.chance(hasEnded ? RENEWED.ended : RENEWED.ending);
    const endAge = hasEnded ? time.workdaysSince(endsOn) : 0;
    const closing = hasEnded ? [close(policy, 'expired', Math.max(endAge - dice.between(0.2, 0.9), 0), time)] : [];
    if (!isRenewed) return { acts: closing, policies: [], sold: [] };
    const { acts, policies } = this.renew(endAge, hasEnded);
    return { acts: [...acts, ...closing], policies, sold: [] };
  }

  /** @param endAge workdays ago at which the time for renewal ends. */
  private renew(endAge: number, hasEnded: boolean): Issuing {
    const { caller, offer, policy, time, dice } = this;
    const left = Math.min(policy.age - endAge, 15);
    const { market } = this.client;
    const successor: DemoPolicy = { caller, market, age: endAge + left * dice.between(0.1, 0.4) };
    const policyNumber = numberOf(offer.insurer, this.serial + 1);
    const drafted: Act = {
      at: time.ago(endAge + left * dice.between(0.5, 0.9)),
      command: () => new RenewPolicyCommand(caller, policy.id!, { policyNumber }),
      done: ({ id }) => (successor.id = id),
    };
    if (!hasEnded && !dice.chance(RENEWED.inForce)) return { acts: [drafted], policies: [], sold: [] };
    return { acts: [drafted, activate(successor, time)], policies: [successor], sold: [] };
  }
}
