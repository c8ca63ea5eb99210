import type { ActionOn } from '#platform/auth';
import type { QuoteStatus } from './contracts.js';

/** The life of a quote as data: where each state leads to. */
export const QUOTE_TRANSITIONS: Readonly<Record<QuoteStatus, readonly QuoteStatus[]>> = {
  draft: ['ready'],
  ready: ['confirmed', 'archived'],
  confirmed: ['archived'],
  archived: [],
};

/** What one must be allowed to do in order to bring a quote into a state. */
export const ACTION_INTO: Readonly<Record<QuoteStatus, ActionOn<'quotes'>>> = {
  draft: 'edit',
  ready: 'ready',
  confirmed: 'confirm',
  archived: 'archive',
};
