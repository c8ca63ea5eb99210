import type { PolicyStatus } from './contracts.js';

/** The life of a policy as data: where each state leads to. */
export const POLICY_TRANSITIONS: Readonly<Record<PolicyStatus, readonly PolicyStatus[]>> = {
  draft: ['active'],
  active: ['closed'],
  closed: [],
};
