import { DomainError } from '#platform/kernel';

export const dealNotFound = (): DomainError => new DomainError('not_found', 'deal_not_found', 'There is no such deal.');

export const dealClosed = (): DomainError =>
  new DomainError(
    'conflict',
    'deal_closed',
    'The deal is closed: only its next review date, notes and documents may still change.',
  );

export const dealHasPayments = (): DomainError =>
  new DomainError(
    'conflict',
    'deal_has_payments',
    'The deal has payments: delete those without lines, or close the deal instead.',
  );

export const clientNotFound = (): DomainError =>
  new DomainError('not_found', 'client_not_found', 'There is no such client.');

export const clientNotChangeable = (): DomainError =>
  new DomainError('invalid', 'client_not_changeable', 'The deal belongs to another client: merge the clients instead.');

export const reasonNotApplicable = (): DomainError =>
  new DomainError('invalid', 'reason_not_applicable', 'A reason is taken only with the stage closedLost.');

export const ownerForbidden = (): DomainError =>
  new DomainError('forbidden', 'owner_forbidden', 'Only a team lead or an admin opens a deal for another user.');

export const statusOfAnotherStage = (): DomainError => fieldFault('/status', 'contradiction', 'contradicts the stage');

export const reasonWithoutStage = (): DomainError => fieldFault('/reason', 'not_applicable', 'requires a stage');

function fieldFault(pointer: string, code: string, detail: string): DomainError {
  return new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: [{ pointer, code, detail }],
  });
}
