import type { Change } from '#platform/messaging';
import type { DocumentLinkView } from './contracts.js';
import type { OwnerFacts } from './document-owners.js';

/** What a link made or taken away adds to the owner's stream, and to the journal when there is a deal. */
export function documentStory(
  owner: OwnerFacts,
  link: DocumentLinkView,
  happened: 'linked' | 'unlinked',
  actorId: string,
): Change {
  const data = {
    ...(owner.dealId === null ? {} : { deal_id: owner.dealId }),
    client_id: owner.clientId,
    ...(owner.type === 'policy' ? { policy_id: owner.id } : {}),
    document_id: link.document_id,
    link,
  };
  const base = { clientId: owner.clientId, actorId, audience: owner.people };
  if (owner.dealId === null) {
    const stream = owner.type === 'client' ? `clients/${owner.id}` : `policies/${owner.id}`;
    return { ...base, stream, events: [{ type: `${owner.type}.document.${happened}`, data }] };
  }
  const [before, after] = happened === 'linked' ? [null, link] : [link, null];
  return {
    ...base,
    stream: `deals/${owner.dealId}`,
    dealId: owner.dealId,
    entry: { kind: 'system', body: `Document ${happened}`, data: { document_id: link.document_id, before, after } },
    events: [{ type: `deal.document.${happened}`, data }],
  };
}
