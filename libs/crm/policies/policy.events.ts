import type { PolicyView } from './contracts.js';

/** Base of the events of a policy: its current state, and the actor. */
abstract class PolicyEvent {
  constructor(
    readonly policy: PolicyView,
    /** UUID of the user; null for an automatic act. */
    readonly actorId: string | null,
    /** Values before the change, of the fields that changed. */
    readonly previous: Readonly<Partial<PolicyView>>,
  ) {}
}

export class PolicyDrafted extends PolicyEvent {}

/** Facts, or the link to a quote. */
export class PolicyRevised extends PolicyEvent {}

export class PolicyActivated extends PolicyEvent {}

export class PolicyClosed extends PolicyEvent {}

export class PolicyDeleted extends PolicyEvent {
  declare readonly actorId: string;

  constructor(
    policy: PolicyView,
    actorId: string,
    previous: Readonly<Partial<PolicyView>>,
    readonly deletedAt: string,
  ) {
    super(policy, actorId, previous);
  }
}
