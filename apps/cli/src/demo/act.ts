import type { ICommand } from '@nestjs/cqrs';
import type { Caller, Instant } from '#platform/kernel';
import { DEMO_USERS, type DemoUser } from './users.js';

/**
 * One thing that somebody did. A demo book is a list of these: each domain plans its own, and they are done in the
 * order of time, so that rows, journals and events are born as in real life.
 */
export interface Act {
  readonly at: Instant;
  /** What is done, asked for when its turn comes: what it builds on has its id by then. */
  readonly command: () => ICommand;
  /** Keeps the id of what came into being, for acts that build on it. */
  readonly done?: (result: { readonly id: string }) => void;
}

/** The demo user as the one who asks. */
export function callerOf({ id, role }: DemoUser): Caller {
  return { userId: id, roles: new Set([role]) };
}

export const SELLERS = DEMO_USERS.filter(({ role }) => role === 'seller');
export const EXECUTORS = DEMO_USERS.filter(({ role }) => role === 'executor');
