import { DomainError } from '#platform/kernel';

export const dealNotFound = (): DomainError => new DomainError('not_found', 'deal_not_found', 'There is no such deal.');
