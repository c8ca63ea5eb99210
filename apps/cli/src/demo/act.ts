import type { ICommand } from '@nestjs/cqrs';
import type { Caller, Instant } from '#platform/kernel';
import { DEMO_USERS, type DemoUser } from './content/users.js';

/**
 * One command of a demo user. A demo book is a list of acts: each domain plans its own, and they run in the order of
 * time, so that rows, journals and events are created as in production.
 */
export interface Act {
  readonly at: Instant;
  /** Creates the command when it is due: the ids it needs exist by then. */
  readonly command: () => ICommand;
  /** Stores the new id, for acts that need it. */
  readonly done?: (result: { readonly id: string }) => void;
}

/** The demo user as caller. */
export function callerOf({ id, role }: DemoUser): Caller {
  return { userId: id, roles: new Set([role]) };
}

export const SELLERS = DEMO_USERS.filter(({ role }) => role === 'seller');
export const EXECUTORS = DEMO_USERS.filter(({ role }) => role === 'executor');
