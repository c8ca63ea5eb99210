import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { forbidden, inScope, requireAccess } from '#platform/auth';
import { type Caller, Clock, type ExpectedVersion } from '#platform/kernel';
import type { DealView, Stage } from '../contracts.js';
import type { Deal, DealAssignment, DealRevision } from '../deal.entity.js';
import { DealRepository } from '../deal.repository.js';

/** What one request changes of a deal. */
export interface DealChange {
  readonly revision: DealRevision;
  readonly assignment?: DealAssignment;
  /** The next stage, and why the deal was lost. */
  readonly move?: { readonly stage: Stage; readonly reason: string | null };
}

/** Changes the given fields of a deal, its owner and executor, and its stage, all or nothing. */
export class ReviseDealCommand extends Command<DealView> {
  constructor(
    readonly caller: Caller,
    readonly dealId: string,
    readonly change: DealChange,
    readonly expected?: ExpectedVersion,
  ) {
    super();
  }
}

@CommandHandler(ReviseDealCommand)
export class ReviseDealHandler implements ICommandHandler<ReviseDealCommand> {
  constructor(
    private readonly deals: DealRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `deal_closed`, `reason_not_applicable`, `forbidden`. */
  async execute({ caller, dealId, change, expected }: ReviseDealCommand): Promise<DealView> {
    const { revision, assignment, move } = change;
    const deal = await this.deals.load(dealId, caller, 'edit', expected);
    const now = this.clock.now();
    deal.revise(revision, caller.userId, now);
    if (assignment && deal.isChangedBy(assignment)) {
      requireAssignable(deal, caller);
      deal.assign(assignment, caller.userId, now);
    }
    // Last, because a closed deal refuses the other changes.
    if (move) deal.moveTo(move.stage, move.reason, caller.userId, now);
    await this.deals.save(deal, now);
    return deal.view;
  }
}

function requireAssignable(deal: Deal, caller: Caller): void {
  if (!inScope(requireAccess(caller, 'deals', 'assign'), deal.parties)) throw forbidden();
}
