import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ClientInScopeQuery } from '#crm/clients/contracts';
import { DealFactsQuery, DealInScopeQuery, DealParticipantsQuery } from '#crm/deals/contracts';
import { PolicyInScopeQuery } from '#crm/policies/contracts';
import { type ActionOn, forbidden, inScope, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { type Audience, audienceOf } from '#platform/messaging';
import type { DocumentOwner } from './contracts.js';

/** Stream, journal and audience of a document link's events. */
export interface OwnerFacts {
  readonly type: DocumentOwner;
  readonly id: string;
  readonly dealId: string | null;
  readonly clientId: string;
  readonly audience: Audience;
}

/** Finds what documents are linked to, in the caller's scope. */
@Injectable()
export class DocumentOwners {
  constructor(private readonly queries: QueryBus) {}

  /**
   * The owner, if the caller may do this to its documents; it stays as it is until the unit of work ends.
   * @throws DomainError `deal_not_found`, `policy_not_found`, `client_not_found`, `forbidden`.
   */
  async require(type: DocumentOwner, id: string, caller: Caller, action: ActionOn<'documents'>): Promise<OwnerFacts> {
    const isLocked = action !== 'read';
    const { facts, parties } = await this.find(type, id, caller, isLocked);
    const scope = requireAccess(caller, 'documents', action);
    const isAllowed = parties.some(([ownerId, executorId]) => inScope(scope, { ownerId, executorId }));
    if (!isAllowed) throw forbidden();
    return facts;
  }

  private async find(type: DocumentOwner, id: string, caller: Caller, isLocked: boolean): Promise<Found> {
    if (type === 'deal')
      return ofDeal(type, id, await this.queries.execute(new DealInScopeQuery(caller, id, isLocked)));
    if (type === 'client') return this.ofClient(id, caller, isLocked);
    return this.ofPolicy(id, caller, isLocked);
  }

  private async ofPolicy(id: string, caller: Caller, isLocked: boolean): Promise<Found> {
    const seen = await this.queries.execute(new PolicyInScopeQuery(caller, id));
    // Locks the deal before its policy, the order of every caller; a policy never changes its deal.
    const deal = seen.deal_id === null ? null : await this.queries.execute(new DealFactsQuery(seen.deal_id, isLocked));
    const policy = isLocked ? await this.queries.execute(new PolicyInScopeQuery(caller, id, isLocked)) : seen;
    if (deal) return ofDeal('policy', id, deal);
    const { client_id: clientId, owner_id: ownerId } = policy;
    const facts = { type: 'policy', id, dealId: null, clientId, audience: audienceOf([ownerId]) } as const;
    return { facts, parties: [[ownerId, null]] };
  }

  private async ofClient(id: string, caller: Caller, isLocked: boolean): Promise<Found> {
    const client = await this.queries.execute(new ClientInScopeQuery(caller, id, isLocked));
    // The id of a merged client means its survivor.
    const { ownerIds, executorIds } = await this.queries.execute(new DealParticipantsQuery(client.id));
    const owners = [client.owner_id, ...ownerIds];
    const parties: Found['parties'] = [
      ...owners.map((owner) => [owner, null] as const),
      ...executorIds.map((executor) => [null, executor] as const),
    ];
    const audience = audienceOf(owners, executorIds);
    return { facts: { type: 'client', id: client.id, dealId: null, clientId: client.id, audience }, parties };
  }
}

interface Found {
  readonly facts: OwnerFacts;
  /** Owner and executor of every row that brings it into scope. */
  readonly parties: readonly (readonly [ownerId: string | null, executorId: string | null])[];
}

function ofDeal(
  type: DocumentOwner,
  id: string,
  deal: { id: string; clientId: string; ownerId: string | null; executorId: string | null },
): Found {
  const audience = audienceOf([deal.ownerId], [deal.executorId]);
  const facts = { type, id, dealId: deal.id, clientId: deal.clientId, audience };
  return { facts, parties: [[deal.ownerId, deal.executorId]] };
}
