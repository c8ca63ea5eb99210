import { DomainError } from '#platform/kernel';
import type { LineKind } from './contracts.js';

export const paymentNotFound = (): DomainError =>
  new DomainError('not_found', 'payment_not_found', 'There is no such payment.');

export const policyNotFound = (): DomainError =>
  new DomainError('not_found', 'policy_not_found', 'The deal has no such policy.');

export const lineNotFound = (kind: LineKind): DomainError =>
  new DomainError('not_found', `${kind}_not_found`, `The payment has no such ${kind}.`);

export const currencyMismatch = (currency: string): DomainError =>
  new DomainError('invalid', 'currency_mismatch', `The payment is in ${currency}, and so are its lines.`);

export const postedInFuture = (): DomainError =>
  new DomainError('invalid', 'posted_at_in_future', 'posted_at lies in the future.');

export const actualDateInFuture = (): DomainError =>
  new DomainError('invalid', 'actual_date_in_future', 'actual_date lies in the future.');

export const actualDateBeforePlanned = (): DomainError =>
  new DomainError('invalid', 'actual_date_before_planned_date', 'actual_date lies before planned_date.');

export const paymentHasTransactions = (): DomainError =>
  new DomainError('conflict', 'payment_has_transactions', 'The payment has incomes or expenses.');

export const paymentCancelled = (): DomainError =>
  new DomainError('conflict', 'payment_cancelled', 'The payment is cancelled.');

export const paymentConfirmed = (): DomainError =>
  new DomainError(
    'conflict',
    'payment_confirmed',
    'The payment is confirmed: its actual date can no longer be changed.',
  );

export const totalTooLarge = (): DomainError =>
  new DomainError('invalid', 'total_too_large', 'The lines of a payment add up to less than 1000000000000.');

export const instalmentTooSmall = (): DomainError =>
  new DomainError(
    'invalid',
    'instalment_too_small',
    'Every instalment must be at least the smallest unit of the currency.',
  );

export const instalmentTooLate = (): DomainError =>
  new DomainError('invalid', 'instalment_too_late', 'The last instalment falls after the year 9999.');

export const policyMismatch = (): DomainError =>
  mismatch('policy_id', 'policy_mismatch', 'policy_id names another policy than the path or the payment.');

export const dealMismatch = (): DomainError =>
  mismatch('deal_id', 'deal_mismatch', 'deal_id names another deal than the path.');

export const statusNotSettable = (): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: [{ pointer: '/status', code: 'not_one_of', detail: 'must be cancelled or the present status' }],
  });

export const placeNotChangeable = (): DomainError =>
  new DomainError('invalid', 'place_not_changeable', 'A payment stays with its deal and policy.');

function mismatch(field: string, code: string, detail: string): DomainError {
  return new DomainError('unprocessable', code, detail, { errors: [{ pointer: `/${field}`, code, detail }] });
}
