import { DomainError } from '#platform/kernel';
import type { QuoteStatus } from './contracts.js';

export const quoteNotFound = (): DomainError =>
  new DomainError('not_found', 'quote_not_found', 'There is no such quote.');

export const dealClosed = (): DomainError =>
  new DomainError('conflict', 'deal_closed', 'The deal is closed: its quotes do not change any more.');

export const quoteUpdateForbidden = (): DomainError =>
  new DomainError('invalid', 'quote_update_forbidden', 'A confirmed or archived quote is read-only.');

export const quoteTransitionForbidden = (from: QuoteStatus, to: QuoteStatus): DomainError =>
  new DomainError('conflict', 'quote_transition_forbidden', `A quote does not go from ${from} to ${to}.`);

export const validityReversed = (): DomainError =>
  new DomainError('invalid', 'validity_period_reversed', 'A validity period does not end before it starts.');

export const filesTooLong = (): DomainError =>
  new DomainError(
    'invalid',
    'files_too_long',
    'A quote takes 12 KiB of references to files: send ids instead of addresses.',
  );

export const policyNotApplicable = (): DomainError =>
  new DomainError('invalid', 'policy_not_applicable', 'A policy is named only when confirming.');

export const quoteNotConfirmed = (): DomainError =>
  new DomainError('conflict', 'quote_not_confirmed', 'Confirm the quote before drafting a policy from it.');

const NEEDED_FOR_READY = {
  files_required_for_ready: 'A ready quote has at least one file.',
  program_required_for_ready: 'A ready quote has a program.',
  premium_required_for_ready: 'A ready quote has a premium.',
  validity_period_required_for_ready: 'A ready quote has both ends of its validity.',
} as const;

export const notReady = (code: keyof typeof NEEDED_FOR_READY): DomainError =>
  new DomainError('invalid', code, NEEDED_FOR_READY[code]);

export const ownerMismatch = (): DomainError => {
  const detail = 'A quote is owned by the caller; a lead or admin may name the owner or executor of the deal, or null.';
  return new DomainError('unprocessable', 'owner_mismatch', detail, {
    errors: [{ pointer: '/owner_id', code: 'owner_mismatch', detail }],
  });
};
