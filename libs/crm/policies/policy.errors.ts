import { DomainError } from '#platform/kernel';
import type { PolicyStatus } from './contracts.js';

export const policyNotFound = (): DomainError =>
  new DomainError('not_found', 'policy_not_found', 'There is no such policy.');

export const policyClosed = (): DomainError =>
  new DomainError('conflict', 'policy_closed', 'The policy is closed and does not change any more.');

export const policyTransitionForbidden = (from: PolicyStatus, to: PolicyStatus): DomainError =>
  new DomainError('conflict', 'policy_transition_forbidden', `A policy does not go from ${from} to ${to}.`);

export const policyIncomplete = (missing: readonly string[]): DomainError =>
  new DomainError('invalid', 'policy_incomplete', `An active policy needs ${missing.join(', ')}.`, {
    errors: missing.map((field) => ({ pointer: `/${field}`, code: 'required', detail: 'is needed to activate' })),
  });

export const policyDatesReversed = (): DomainError =>
  new DomainError('invalid', 'policy_dates_reversed', 'A policy does not end before it starts.');

export const policyNumberTaken = (): DomainError =>
  new DomainError('conflict', 'policy_number_taken', 'This insurer has a policy with this number already.');

export const policyNumberEmpty = (): DomainError =>
  new DomainError('invalid', 'policy_number_empty', 'A policy number has more to it than spaces and dashes.');

export const policyAlreadyLinked = (): DomainError =>
  new DomainError('conflict', 'policy_already_linked', 'The policy belongs to another quote: release that one first.');

export const quoteAlreadyLinked = (): DomainError =>
  new DomainError('conflict', 'quote_already_linked', 'The quote has a policy already.');

export const policyAlreadyRenewed = (): DomainError =>
  new DomainError('conflict', 'policy_already_renewed', 'Another policy renews this one already.');

export const policyNotRenewable = (): DomainError =>
  new DomainError('conflict', 'policy_not_renewable', 'Only a policy that is or was active, with an end, is renewed.');

export const policyMoved = (): DomainError =>
  new DomainError('conflict', 'edit_conflict', 'Its client was merged at the same moment: read it again and retry.');

export const policyNotDraft = (): DomainError =>
  new DomainError('conflict', 'policy_not_draft', 'Only a draft is deleted: close the policy instead.');

export const clientMismatch = (): DomainError =>
  new DomainError('invalid', 'client_mismatch', "The policy's client is not the deal's client.");

export const currencyRequired = (): DomainError =>
  new DomainError('invalid', 'currency_required', 'A premium needs its currency.');

export const policyHasPayments = (): DomainError =>
  new DomainError('conflict', 'policy_has_payments', 'The policy has payments: close it instead.');

export const subjectRequired = (): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'A policy needs a deal or a client.', {
    errors: [{ pointer: '/client_id', code: 'required', detail: 'must be given when deal_id is not' }],
  });

export const subjectNotChangeable = (): DomainError =>
  new DomainError('invalid', 'subject_not_changeable', 'The policy belongs to another deal or client.');

export const closeReasonRequired = (): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'A closed policy, and no other, says why it was closed.', {
    errors: [{ pointer: '/close_reason', code: 'required', detail: 'goes with the status closed, and with no other' }],
  });

/** @param detail who owns the policy. */
export const ownerMismatch = (detail: string): DomainError =>
  new DomainError('unprocessable', 'owner_mismatch', detail, {
    errors: [{ pointer: '/owner_id', code: 'owner_mismatch', detail }],
  });

export const statusNotSettable = (): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: [
      { pointer: '/status', code: 'not_one_of', detail: 'must be active or the present status; see POST …/close' },
    ],
  });
