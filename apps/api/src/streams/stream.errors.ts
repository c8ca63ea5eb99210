import { DomainError } from '#platform/kernel';

/** @param limit maximum number of open streams per user. */
export function tooManyStreams(limit: number): DomainError {
  return new DomainError(
    'too_many',
    'too_many_streams',
    `You have ${limit} event streams open, which is the most one user may have; close one first.`,
  );
}
