import type { DealView, Stage } from './contracts.js';

/** Base of the events of a deal: its current state, and the actor. */
abstract class DealEvent {
  constructor(
    readonly deal: DealView,
    /** UUID of the user. */
    readonly actorId: string,
  ) {}
}

export class DealOpened extends DealEvent {}

/** Values of a deal's fields before a change, of those fields that changed. */
export type PreviousValues = Readonly<Partial<DealView>>;

export class DealRevised extends DealEvent {
  constructor(
    deal: DealView,
    actorId: string,
    readonly previous: PreviousValues,
    /** Further members of the journal entry's data, absent from events. */
    readonly entryData: object = {},
  ) {
    super(deal, actorId);
  }
}

export class DealStageChanged extends DealEvent {
  constructor(
    deal: DealView,
    actorId: string,
    readonly previous: PreviousValues,
    readonly from: Stage,
  ) {
    super(deal, actorId);
  }
}

export class DealAssigned extends DealEvent {
  constructor(
    deal: DealView,
    actorId: string,
    readonly previous: Pick<DealView, 'owner_id' | 'executor_id'>,
  ) {
    super(deal, actorId);
  }
}

export class DealDeleted extends DealEvent {
  constructor(
    deal: DealView,
    actorId: string,
    readonly deletedAt: string,
  ) {
    super(deal, actorId);
  }
}
