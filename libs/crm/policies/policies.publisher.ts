import { EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import { DealFactsQuery } from '#crm/deals/contracts';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import type { PolicyView } from './contracts.js';
import { POLICY_ALONE, POLICY_OF_DEAL, type PolicyEventTypes } from './policy.event-types.js';
import { PolicyActivated, PolicyClosed, PolicyDeleted, PolicyDrafted, PolicyRevised } from './policy.events.js';

type AnyPolicyEvent = PolicyDrafted | PolicyRevised | PolicyActivated | PolicyClosed | PolicyDeleted;

/** Appends changes of a policy to journal and log: on its deal's stream, or on its own without a deal. */
@EventsHandler(PolicyDrafted, PolicyRevised, PolicyActivated, PolicyClosed, PolicyDeleted)
export class PoliciesPublisher implements IEventHandler<AnyPolicyEvent> {
  constructor(
    private readonly log: EventLog,
    private readonly queries: QueryBus,
  ) {}

  async handle(event: AnyPolicyEvent): Promise<void> {
    const { policy, actorId } = event;
    if (policy.deal_id === null) {
      this.log.record({
        stream: `policies/${policy.id}`,
        clientId: policy.client_id,
        actorId,
        audience: audienceOf([policy.owner_id]),
        events: factsOf(event, null, POLICY_ALONE).facts,
      });
      return;
    }
    const deal = await this.queries.execute(new DealFactsQuery(policy.deal_id));
    const { body, facts } = factsOf(event, deal.id, POLICY_OF_DEAL);
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: policy.client_id,
      actorId,
      audience: audienceOf([deal.ownerId], [deal.executorId]),
      entry: { kind: 'system', body, data: difference(event) },
      events: facts,
    });
  }
}

function factsOf<DealId extends string | null>(
  event: AnyPolicyEvent,
  dealId: DealId,
  types: PolicyEventTypes<DealId>,
): { body: string; facts: LoggedFact[] } {
  const { policy, previous } = event;
  const data = { deal_id: dealId, client_id: policy.client_id, policy_id: policy.id, policy };
  const updated = types.updated.fact({ ...data, changed: Object.keys(previous), previous });
  if (event instanceof PolicyDrafted) return { body: 'Policy drafted', facts: [types.created.fact(data)] };
  if (event instanceof PolicyActivated) {
    return { body: 'Policy activated', facts: [types.activated.fact(data), updated] };
  }
  if (event instanceof PolicyClosed) {
    const closed = types.closed.fact({ ...data, reason: policy.close_reason! });
    return { body: `Policy closed: ${policy.close_reason}`, facts: [closed, updated] };
  }
  if (event instanceof PolicyDeleted) {
    const deleted = types.deleted.fact({ ...data, deleted_at: event.deletedAt, deleted_by_id: event.actorId });
    return { body: 'Policy deleted', facts: [deleted] };
  }
  return { body: `Policy changed: ${Object.keys(previous).join(', ')}`, facts: [updated] };
}

function difference({ policy, previous }: AnyPolicyEvent): object {
  const fields = Object.keys(previous);
  if (fields.length === 0) return { policy_id: policy.id, before: null, after: policy };
  const after = Object.fromEntries(fields.map((field) => [field, policy[field as keyof PolicyView]]));
  return { policy_id: policy.id, before: previous, after };
}
