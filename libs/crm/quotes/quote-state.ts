import type { QuoteStatus } from './contracts.js';

/** The life of a quote as data: where each state leads to. */
export const QUOTE_TRANSITIONS: Readonly<Record<QuoteStatus, readonly QuoteStatus[]>> = {
  draft: ['ready'],
  ready: ['confirmed', 'archived'],
  confirmed: ['archived'],
  archived: [],
};
