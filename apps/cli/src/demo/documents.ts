import { LinkDocumentCommand } from '#crm/documents';
import type { Caller } from '#platform/kernel';
import { type Act, callerOf } from './act.js';
import type { DealHistory } from './deal-history.js';
import type { Dice } from './content/dice.js';
import type { DemoPolicy } from './policy-acts.js';
import type { Market } from './content/products.js';
import { DOCUMENT_TITLES } from './content/remarks.js';
import { demoUser } from './content/users.js';
import type { WorkingTime } from './content/working-time.js';

/** Shares of policies in force, deals in progress and clients with deals that have a document. */
const SHARES = { policy: 0.4, deal: 0.1, client: 0.15 } as const;

/** A resource that a document can be linked to, and when. */
interface Owner {
  readonly type: LinkDocumentCommand['ownerType'];
  /** Has its id when the act is due. */
  readonly row: { readonly id?: string };
  readonly market: Market;
  readonly caller: Caller;
  /** Workdays ago, earliest and latest. */
  readonly between: readonly [from: number, until: number];
}

/** Scans linked to some of the policies, deals and clients. */
export function drawDocuments(
  histories: readonly DealHistory[],
  policies: readonly DemoPolicy[],
  time: WorkingTime,
  dice: Dice,
): Act[] {
  return [...policies.map(ofPolicy), ...histories.flatMap(ofDeal), ...ofClients(histories)]
    .filter(({ type }) => dice.chance(SHARES[type]))
    .map(({ type, row, market, caller, between }) => {
      const documentId = dice.uuid();
      const title = dice.pick(DOCUMENT_TITLES[market][type]);
      return {
        at: time.ago(dice.between(...between)),
        command: () => new LinkDocumentCommand(caller, type, row.id!, documentId, title),
      };
    });
}

function ofPolicy(policy: DemoPolicy): Owner {
  const { caller, market, age } = policy;
  return { type: 'policy', row: policy, market, caller, between: [age * 0.95, age * 0.7] };
}

function ofDeal({ deal, atWork, handler }: DealHistory): Owner[] {
  if (!atWork) return [];
  const { market } = deal.client;
  return [{ type: 'deal', row: deal, market, caller: handler, between: [atWork.from, atWork.until] }];
}

/** Each client once, with the age of one of its deals. */
function ofClients(histories: readonly DealHistory[]): Owner[] {
  const ages = new Map(histories.map(({ deal }) => [deal.client, deal.age]));
  return [...ages].map(([client, age]) => {
    const caller = callerOf(client.seller ?? demoUser('lead'));
    return { type: 'client', row: client, market: client.market, caller, between: [age, age * 0.6] };
  });
}
