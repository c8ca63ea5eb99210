import type { Act } from './act.js';
import { addClient, type DemoClient, drawClients } from './clients.js';
import { DealHistory } from './deal-history.js';
import { type DemoDeal, drawDeals } from './deals.js';
import { Dice } from './content/dice.js';
import { drawDocuments } from './documents.js';
import { drawPayments } from './payments.js';
import { drawPolicies } from './policies.js';
import { drawQuotes } from './quotes.js';
import type { WorkingTime } from './content/working-time.js';

const DEALS = 600;
/** The last clients have no deal yet. */
const CLIENTS_WITHOUT_DEALS = 20;

/** A seed for each part, so that a change of one does not change the others. */
const SEEDS = { clients: 1, deals: 2, histories: 3, quotes: 4, policies: 5, documents: 6, payments: 7 } as const;

/** Plan of a demo brokerage. */
export interface DemoBook {
  readonly clients: readonly DemoClient[];
  readonly deals: readonly DemoDeal[];
  /** The acts, oldest first. */
  readonly acts: readonly Act[];
}

/** Plans a brokerage of the last half year; the same plan for the same day. */
export function drawBook(time: WorkingTime): DemoBook {
  const clients = drawClients(new Dice(SEEDS.clients));
  const deals = drawDeals(DEALS, clients.slice(0, -CLIENTS_WITHOUT_DEALS), new Dice(SEEDS.deals));
  const dice = new Dice(SEEDS.histories);
  const additions = clients.map((client) => comeIn(client, deals, time, dice));
  const histories = deals.map((deal) => new DealHistory(deal, time, dice));
  const quoting = drawQuotes(histories, time, new Dice(SEEDS.quotes));
  const issuing = drawPolicies(quoting.confirmed, deals, time, new Dice(SEEDS.policies));
  const filing = drawDocuments(histories, issuing.policies, time, new Dice(SEEDS.documents));
  const acts = [
    ...additions,
    ...histories.flatMap((history) => history.acts),
    ...quoting.acts,
    ...issuing.acts,
    ...filing,
    ...drawPayments(issuing.sold, time, new Dice(SEEDS.payments)),
  ];
  // The sort is stable: acts at the same time stay in planned order.
  return { clients, deals, acts: acts.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at))) };
}

/** Adds a client before its first deal. */
function comeIn(client: DemoClient, deals: readonly DemoDeal[], time: WorkingTime, dice: Dice): Act {
  const own = deals.filter((deal) => deal.client === client);
  const age = Math.max(...own.map((deal) => deal.age), own.length > 0 ? 0 : dice.between(1, 120));
  return addClient(client, statusOf(own, dice), age + dice.between(0.05, 3), time);
}

function statusOf(own: readonly DemoDeal[], dice: Dice): 'active' | 'inactive' | 'prospect' {
  if (own.every(({ profile }) => profile.stage === 'qualification')) return 'prospect';
  const isAtWork = own.some(({ profile }) => !profile.isClosed);
  return isAtWork || dice.chance(0.3) ? 'active' : 'inactive';
}
