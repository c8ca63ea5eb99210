import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ClientInScopeQuery } from '#crm/clients/contracts';
import { DealFactsQuery, DealInScopeQuery, DealParticipantsQuery } from '#crm/deals/contracts';
import { PolicyInScopeQuery } from '#crm/policies/contracts';
import { type ActionOn, forbidden, inScope, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import type { DocumentOwner } from './contracts.js';

/** Where the story of a document link is told. */
export interface OwnerFacts {
  readonly type: DocumentOwner;
  readonly id: string;
  readonly dealId: string | null;
  readonly clientId: string;
  /** UUIDs of those who may see it. */
  readonly people: readonly string[];
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
    const isHeld = action !== 'read';
    const { facts, parties } = await this.find(type, id, caller, isHeld);
    const scope = requireAccess(caller, 'documents', action);
    const isAllowed = parties.some(([ownerId, executorId]) => inScope(scope, { ownerId, executorId }));
    if (!isAllowed) throw forbidden();
    return facts;
  }

  private async find(type: DocumentOwner, id: string, caller: Caller, isHeld: boolean): Promise<Found> {
    if (type === 'deal') return ofDeal(type, id, await this.queries.execute(new DealInScopeQuery(caller, id, isHeld)));
    if (type === 'client') return this.ofClient(id, caller, isHeld);
    const policy = await this.queries.execute(new PolicyInScopeQuery(caller, id, isHeld));
    if (policy.deal_id !== null) {
      return ofDeal(type, id, await this.queries.execute(new DealFactsQuery(policy.deal_id)));
    }
    const facts = { type, id, dealId: null, clientId: policy.client_id, people: present([policy.owner_id]) };
    return { facts, parties: [[policy.owner_id, null]] };
  }

  private async ofClient(id: string, caller: Caller, isHeld: boolean): Promise<Found> {
    const client = await this.queries.execute(new ClientInScopeQuery(caller, id, isHeld));
    const { userIds } = await this.queries.execute(new DealParticipantsQuery(id));
    const people = present([client.owner_id, ...userIds]);
    const parties: Found['parties'] = [[client.owner_id, null], ...userIds.map((user) => [user, user] as const)];
    return { facts: { type: 'client', id, dealId: null, clientId: id, people }, parties };
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
  const people = present([deal.ownerId, deal.executorId]);
  const facts = { type, id, dealId: deal.id, clientId: deal.clientId, people };
  return { facts, parties: [[deal.ownerId, deal.executorId]] };
}

function present(ids: readonly (string | null)[]): string[] {
  return [...new Set(ids.filter((id) => id !== null))];
}
