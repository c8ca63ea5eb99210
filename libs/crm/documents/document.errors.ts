import { DomainError } from '#platform/kernel';

export const documentAlreadyLinked = (): DomainError =>
  new DomainError('conflict', 'document_already_linked', 'The document is linked here already.');

export const documentNotLinked = (): DomainError =>
  new DomainError('not_found', 'document_not_linked', 'The document is not linked here.');
