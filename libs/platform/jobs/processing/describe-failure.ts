import { DomainError } from '#platform/kernel';

const LONGEST = 500;

/**
 * What went wrong, for the request's row and for Bull. Texts written by our code hold no personal data; those of
 * PostgreSQL and of parsers may quote values, so only their codes are kept.
 */
export function describeFailure(error: unknown): string {
  if (error instanceof DomainError) return `${error.code}: ${error.message}`.slice(0, LONGEST);
  if (!(error instanceof Error)) return 'something other than an Error was thrown';
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  if (typeof code === 'string') {
    return typeof constraint === 'string' ? `${error.name} ${code} on ${constraint}` : `${error.name} ${code}`;
  }
  if (error instanceof SyntaxError) return error.name;
  return `${error.name}: ${error.message}`.slice(0, LONGEST);
}
