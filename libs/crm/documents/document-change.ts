import type { Change, LoggedFact } from '#platform/messaging';
import type { DocumentLinkView } from './contracts.js';
import { DOCUMENT_EVENTS } from './document.event-types.js';
import type { OwnerFacts } from './document-owners.js';

/** Builds the change of an added or removed link: events on the owner's stream, and a journal entry of its deal. */
export function documentChange(
  owner: OwnerFacts,
  link: DocumentLinkView,
  happened: 'linked' | 'unlinked',
  actorId: string,
): Change {
  const base = { clientId: owner.clientId, actorId, audience: owner.audience, events: [factOf(owner, link, happened)] };
  if (owner.dealId === null) {
    return { ...base, stream: owner.type === 'client' ? `clients/${owner.id}` : `policies/${owner.id}` };
  }
  const [before, after] = happened === 'linked' ? [null, link] : [link, null];
  return {
    ...base,
    stream: `deals/${owner.dealId}`,
    dealId: owner.dealId,
    entry: { kind: 'system', body: `Document ${happened}`, data: { document_id: link.document_id, before, after } },
  };
}

function factOf(owner: OwnerFacts, link: DocumentLinkView, happened: 'linked' | 'unlinked'): LoggedFact {
  const data = { client_id: owner.clientId, document_id: link.document_id, link };
  const policy = { policy_id: owner.id };
  if (owner.dealId !== null) {
    const ids = { deal_id: owner.dealId, ...(owner.type === 'policy' ? policy : {}) };
    return DOCUMENT_EVENTS.deal[happened].fact({ ...ids, ...data });
  }
  if (owner.type === 'policy') return DOCUMENT_EVENTS.policy[happened].fact({ ...policy, ...data });
  return DOCUMENT_EVENTS.client[happened].fact(data);
}
