import { ActivatePolicyCommand, ClosePolicyCommand } from '#crm/policies';
import type { CalendarDate, Caller, Money } from '#platform/kernel';
import type { Act } from './act.js';
import type { DealHistory } from './deal-history.js';
import type { Offer } from './offers.js';
import type { Market } from './products.js';
import type { WorkingTime } from './working-time.js';

/** A policy that is in force, or was, and its id as soon as it has one. */
export interface DemoPolicy {
  /** Who looks after it. */
  readonly caller: Caller;
  readonly market: Market;
  /** Workdays since it was put into force. */
  readonly age: number;
  id?: string;
}

/** A policy that a deal led to, and what is to be paid for it. */
export interface SoldPolicy {
  readonly policy: DemoPolicy;
  readonly history: DealHistory;
  readonly premium: Money;
  readonly effectiveFrom: CalendarDate;
  /** Workdays ago, when it was closed before its end; null while it goes on. */
  readonly endedAge: number | null;
}

/** What was done about policies, and those that were put into force. */
export interface Issuing {
  readonly acts: readonly Act[];
  readonly policies: readonly DemoPolicy[];
  readonly sold: readonly SoldPolicy[];
}

/** @param serial another one for each policy. */
export function numberOf({ series }: Offer['insurer'], serial: number): string {
  return `${series} ${String(40_217 + serial * 13).padStart(7, '0')}`;
}

export function activate(policy: DemoPolicy, time: WorkingTime): Act {
  return { at: time.ago(policy.age), command: () => new ActivatePolicyCommand(policy.caller, policy.id!) };
}

/** @param age workdays ago. */
export function close(policy: DemoPolicy, reason: ClosePolicyCommand['reason'], age: number, time: WorkingTime): Act {
  return { at: time.ago(age), command: () => new ClosePolicyCommand(policy.caller, policy.id!, reason) };
}
