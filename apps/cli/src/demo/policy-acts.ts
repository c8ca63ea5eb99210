import { ActivatePolicyCommand, ClosePolicyCommand } from '#crm/policies';
import type { CalendarDate, Caller, Money } from '#platform/kernel';
import type { Act } from './act.js';
import type { DealHistory } from './deal-history.js';
import type { Offer } from './content/offers.js';
import type { Market } from './content/products.js';
import type { WorkingTime } from './content/working-time.js';

/** A policy that is or was in force, with its id once it exists. */
export interface DemoPolicy {
  /** The responsible user. */
  readonly caller: Caller;
  readonly market: Market;
  /** Workdays since it was put into force. */
  readonly age: number;
  id?: string;
}

/** A policy of a deal, with its premium. */
export interface SoldPolicy {
  readonly policy: DemoPolicy;
  readonly history: DealHistory;
  readonly premium: Money;
  readonly effectiveFrom: CalendarDate;
  /** Workdays ago, when it was closed before its end; null while it goes on. */
  readonly endedAge: number | null;
}

/** The acts of policies, and the policies that were put into force. */
export interface Issuing {
  readonly acts: readonly Act[];
  readonly policies: readonly DemoPolicy[];
  readonly sold: readonly SoldPolicy[];
}

/** @param serial unique per policy. */
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
