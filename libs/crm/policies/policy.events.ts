import type { PolicyView } from './contracts.js';

/** What every event of a policy tells: the policy as it is now, and who did it. */
abstract class PolicyEvent {
  constructor(
    readonly policy: PolicyView,
    /** UUID of the user; null when it happened by itself. */
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
