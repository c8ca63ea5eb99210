import { DomainError } from '#platform/kernel';

const MAX_LENGTH = 500;

/**
 * Describes a failure, for the request's row and for Bull. Our own messages contain no personal data; those of
 * PostgreSQL and of parsers may quote values, so only their codes are used.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof DomainError) return `${error.code}: ${error.message}`.slice(0, MAX_LENGTH);
  if (!(error instanceof Error)) return 'something other than an Error was thrown';
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  if (typeof code === 'string') {
    return typeof constraint === 'string' ? `${error.name} ${code} on ${constraint}` : `${error.name} ${code}`;
  }
  if (error instanceof SyntaxError) return error.name;
  return `${error.name}: ${error.message}`.slice(0, MAX_LENGTH);
}
