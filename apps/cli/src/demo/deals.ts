import type { ChangeDealStageCommand } from '#crm/deals';
import { SELLERS } from './act.js';
import type { DemoClient } from './clients.js';
import type { Dice } from './content/dice.js';
import { fill, PRODUCTS } from './content/products.js';
import type { DemoUser } from './content/users.js';

export type Stage = ChangeDealStageCommand['stage'];

type Range = readonly [least: number, most: number];

/** Shares and ages of deals by stage. */
export interface StageProfile {
  readonly stage: Stage;
  readonly isClosed: boolean;
  /** Of all deals, 0..1. */
  readonly share: number;
  /** Workdays since the deal was opened. */
  readonly age: Range;
  /** Part of its age since its last change, 0..1. */
  readonly rest: Range;
}

const QUALIFICATION: StageProfile = {
  stage: 'qualification',
  isClosed: false,
  share: 0.22,
  age: [0.5, 30],
  rest: [0, 0.6],
};

const PROFILES: readonly StageProfile[] = [
  QUALIFICATION,
  { stage: 'negotiation', isClosed: false, share: 0.22, age: [3, 60], rest: [0, 0.5] },
  { stage: 'proposal', isClosed: false, share: 0.18, age: [5, 80], rest: [0, 0.4] },
  { stage: 'closedWon', isClosed: true, share: 0.24, age: [10, 126], rest: [0.05, 0.8] },
  { stage: 'closedLost', isClosed: true, share: 0.14, age: [10, 126], rest: [0.05, 0.8] },
];

/** A planned deal, with its id once it exists. */
export interface DemoDeal {
  readonly client: DemoClient;
  readonly profile: StageProfile;
  /** The current seller; null for a deal without one. */
  readonly seller: DemoUser | null;
  readonly title: string;
  readonly description: string | null;
  /** Workdays since it was opened. */
  readonly age: number;
  id?: string;
}

/** Plans deals of these clients, in the shares of their stages; every client gets one before any gets a second. */
export function drawDeals(count: number, clients: readonly DemoClient[], dice: Dice): DemoDeal[] {
  const profiles = PROFILES.flatMap((profile) => Array<StageProfile>(Math.round(profile.share * count)).fill(profile));
  return dice.shuffled(profiles).map((profile, index) => {
    // The power selects the first clients more often than the last.
    const client = clients[index] ?? clients[Math.floor(dice.fraction() ** 1.4 * clients.length)]!;
    return drawDeal(client, profile, dice);
  });
}

function drawDeal(client: DemoClient, drawn: StageProfile, dice: Dice): DemoDeal {
  const seller = dice.chance(client.seller ? 0.05 : 0.4) ? dice.pick(SELLERS) : client.seller;
  // A deal without a seller has no work on it.
  const profile = seller ? drawn : QUALIFICATION;
  const product = dice.pick(PRODUCTS[client.market]);
  return {
    client,
    profile,
    seller,
    title: fill(dice.pick(product.titles), dice),
    description: dice.chance(0.85) ? fill(dice.pick(product.descriptions), dice) : null,
    age: dice.between(...profile.age),
  };
}
