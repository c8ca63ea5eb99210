import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { audienceOf, EventLog, type LoggedFact } from '#platform/messaging';
import type { DealView } from './contracts.js';
import { DEAL_ASSIGNED, DEAL_CREATED, DEAL_DELETED, DEAL_STAGE_CHANGED, DEAL_UPDATED } from './deal.event-types.js';
import { DealAssigned, DealDeleted, DealOpened, DealRevised, DealStageChanged } from './deal.events.js';

type AnyDealEvent = DealOpened | DealRevised | DealStageChanged | DealAssigned | DealDeleted;

/** Appends changes of a deal to its journal and the event log, in the same transaction. */
@EventsHandler(DealOpened, DealRevised, DealStageChanged, DealAssigned, DealDeleted)
export class DealsPublisher implements IEventHandler<AnyDealEvent> {
  constructor(private readonly log: EventLog) {}

  handle(event: AnyDealEvent): void {
    if (event instanceof DealOpened) this.opened(event);
    else if (event instanceof DealRevised) this.revised(event);
    else if (event instanceof DealStageChanged) this.stageChanged(event);
    else if (event instanceof DealAssigned) this.assigned(event);
    else this.deleted(event);
  }

  private opened({ deal, actorId }: DealOpened): void {
    this.record(deal, actorId, 'Deal opened', { before: null, after: deal }, [DEAL_CREATED.fact(facts(deal))]);
  }

  private revised({ deal, actorId, previous, entryData }: DealRevised): void {
    const body = `Deal changed: ${Object.keys(previous).join(', ')}`;
    const data = { ...difference(deal, previous), ...entryData };
    this.record(deal, actorId, body, data, [updated(deal, previous)]);
  }

  private stageChanged({ deal, actorId, previous, from }: DealStageChanged): void {
    const body = `Stage changed from ${from} to ${deal.stage}`;
    this.record(deal, actorId, body, difference(deal, previous), [
      DEAL_STAGE_CHANGED.fact({ ...facts(deal), from, to: deal.stage, reason: deal.lost_reason }),
      updated(deal, previous),
    ]);
  }

  private assigned({ deal, actorId, previous }: DealAssigned): void {
    const { owner_id, executor_id } = deal;
    const move = {
      owner: { before: previous.owner_id, after: owner_id },
      executor: { before: previous.executor_id, after: executor_id },
    };
    // The previous owner receives this event and no later one.
    const audience = audienceOf([owner_id, previous.owner_id], [executor_id, previous.executor_id]);
    const changed = Object.fromEntries(
      Object.entries(previous).filter(([field, value]) => deal[field as keyof typeof previous] !== value),
    );
    this.record(deal, actorId, 'Deal assigned', difference(deal, changed), [
      DEAL_ASSIGNED.fact({ ...facts(deal), ...move }, { audience }),
      updated(deal, changed),
    ]);
  }

  private deleted({ deal, actorId, deletedAt }: DealDeleted): void {
    const previous = { is_deleted: false };
    this.record(deal, actorId, 'Deal deleted', difference(deal, previous), [
      DEAL_DELETED.fact({ ...facts(deal), deleted_at: deletedAt, deleted_by_id: actorId }),
      updated(deal, previous),
    ]);
  }

  private record(deal: DealView, actorId: string, body: string, data: object, events: readonly LoggedFact[]): void {
    this.log.record({
      stream: `deals/${deal.id}`,
      dealId: deal.id,
      clientId: deal.client_id,
      actorId,
      audience: audienceOf([deal.owner_id], [deal.executor_id]),
      entry: { kind: 'system', body, data },
      events,
    });
  }
}

function facts(deal: DealView) {
  return { deal_id: deal.id, client_id: deal.client_id, deal };
}

/** Every change of a deal says this too: who wants one routing key gets everything. */
function updated(deal: DealView, previous: Readonly<Partial<DealView>>): LoggedFact {
  return DEAL_UPDATED.fact({ ...facts(deal), changed: Object.keys(previous), previous });
}

function difference(deal: DealView, previous: Readonly<Partial<DealView>>): object {
  const after = Object.fromEntries(Object.keys(previous).map((field) => [field, deal[field as keyof DealView]]));
  return { before: previous, after };
}
