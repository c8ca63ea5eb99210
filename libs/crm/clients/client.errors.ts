import { DomainError } from '#platform/kernel';
import type { ClientView } from './contracts.js';

export const clientNotFound = (): DomainError =>
  new DomainError('not_found', 'client_not_found', 'There is no such client.');

export const clientMerged = (survivorId: string): DomainError =>
  new DomainError(
    'conflict',
    'client_merged',
    `The client was merged into ${survivorId}: read that client, and send the request to its id.`,
    { survivor_id: survivorId },
  );

export const clientDuplicate = (candidates: readonly ClientView[]): DomainError =>
  new DomainError(
    'conflict',
    'client_duplicate',
    'Clients with the same e-mail, phone or tax id are known: use one of them, or send allow_duplicate=true.',
    { candidates },
  );

export const clientHasDeals = (): DomainError =>
  new DomainError('conflict', 'client_has_deals', 'The client has deals: delete or move them first.');

export const clientHasPolicies = (): DomainError =>
  new DomainError(
    'conflict',
    'client_has_policies',
    'The client has policies: delete its draft policies, or merge the client.',
  );

export const clientMergeForbidden = (): DomainError =>
  new DomainError(
    'conflict',
    'client_merge_forbidden',
    'One of the clients is already merged, or both ids are the same.',
  );

export const mergeOutOfScope = (): DomainError =>
  new DomainError(
    'forbidden',
    'merge_out_of_scope',
    'The client has deals or policies outside your scope: ask a team lead or an admin to merge it.',
  );

export const ownerForbidden = (): DomainError =>
  new DomainError('forbidden', 'owner_forbidden', 'Only a team lead or an admin gives clients to another user.');

export const taxIdRefused = (code: string, detail: string): DomainError =>
  new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: [{ pointer: '/tax_id', code, detail }],
  });
