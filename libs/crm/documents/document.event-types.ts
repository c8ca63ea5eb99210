import { ApiProperty } from '@nestjs/swagger';
import { ObjectField, UuidField } from '#platform/http';
import { EventType } from '#platform/messaging';
import type { DocumentLinkView } from './contracts.js';
import { DocumentLinkResource } from './document.dto.js';

/** Common data of every event of a document link. */
class LinkHappening {
  @UuidField()
  readonly client_id!: string;

  @UuidField({ description: 'Id in the Documents service.' })
  readonly document_id!: string;

  @ObjectField(() => DocumentLinkResource)
  readonly link!: DocumentLinkView;
}

class DealLinkHappening extends LinkHappening {
  @UuidField()
  readonly deal_id!: string;

  @ApiProperty({ type: 'string', format: 'uuid', required: false, description: 'When it is a policy’s document.' })
  readonly policy_id?: string;
}

class PolicyLinkHappening extends LinkHappening {
  @UuidField()
  readonly policy_id!: string;
}

/** Event types by stream: that of the deal if there is one. */
export const DOCUMENT_EVENTS = {
  deal: {
    linked: new EventType({
      ...ofDeal('linked'),
      meaning: 'A document was linked to a deal, or to a policy of it.',
      data: DealLinkHappening,
    }),
    unlinked: new EventType({
      ...ofDeal('unlinked'),
      meaning: 'A document is no longer linked to a deal, or to a policy of it.',
      data: DealLinkHappening,
    }),
  },
  policy: {
    linked: new EventType({
      ...ofPolicy('linked'),
      meaning: 'A document was linked to a policy without a deal.',
      data: PolicyLinkHappening,
    }),
    unlinked: new EventType({
      ...ofPolicy('unlinked'),
      meaning: 'A document is no longer linked to a policy without a deal.',
      data: PolicyLinkHappening,
    }),
  },
  client: {
    linked: new EventType({
      ...ofClient('linked'),
      meaning: 'A document was linked to a client.',
      data: LinkHappening,
    }),
    unlinked: new EventType({
      ...ofClient('unlinked'),
      meaning: 'A document is no longer linked to a client.',
      data: LinkHappening,
    }),
  },
} as const;

/** Every type of event that documents publish. */
export const DOCUMENT_EVENT_TYPES = Object.values(DOCUMENT_EVENTS).flatMap(({ linked, unlinked }) => [
  linked,
  unlinked,
]);

function ofDeal(happened: string) {
  const followers = 'owner and executor of the deal';
  return { key: `deal.document.${happened}`, stream: 'deals/{deal_id}', followers };
}

function ofPolicy(happened: string) {
  return { key: `policy.document.${happened}`, stream: 'policies/{policy_id}', followers: 'owner of the policy' };
}

function ofClient(happened: string) {
  const followers = 'owner of the client, owners and executors of its deals';
  return { key: `client.document.${happened}`, stream: 'clients/{client_id}', followers };
}
