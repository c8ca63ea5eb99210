import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';

/** Classes and codes of SQLSTATE that mean "not now": connection lost, server starting or stopping, too many clients, a standby. */
const UNAVAILABLE = /^(08|57P0|53|25006)/;
const SOCKET_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);
/** What node-postgres throws without any code. A message with a code is PostgreSQL's, and may quote a user's text. */
const MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|^timeout expired$|connection ended|not queryable/i;

/** A statement that writes, on a standby. */
const READ_ONLY = '25006';

/** A message that the server can't accept: a statement with too few values, for example. */
const PROTOCOL_VIOLATION = '08P01';

/** True when PostgreSQL could not be asked at all, so that the same may well succeed in a moment. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // After a lost connection TypeORM reports only that the query runner was released.
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  const cause = error instanceof QueryFailedError ? (error.driverError as Error) : error;
  if (cause instanceof AggregateError) return cause.errors.some(isUnavailable);
  const { code, routine } = cause as { code?: unknown; routine?: unknown };
  if (typeof code !== 'string') return MESSAGES.test(cause.message);
  // PostgreSQL names its routine: a bug, which a retry does not fix. A pooler names none, and closes the connection.
  if (code === PROTOCOL_VIOLATION) return routine === undefined;
  return UNAVAILABLE.test(code) || SOCKET_ERRORS.has(code);
}

/** The connection leads to a server that is not, or no longer, the primary: a new connection may lead to another one. */
export function isReadOnlyServer(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === READ_ONLY;
}

/** The connection was lost, and with it the outcome of its transaction; see {@link isUnavailable}. */
export function connectionLost(cause: unknown): Error {
  return new Error('Connection terminated: the outcome of the transaction is unknown', { cause });
}

/** The database cannot be queried in time; see {@link isUnavailable}. */
export function waitedTooLong(): Error {
  return new Error('timeout exceeded when trying to connect: all connections for this are busy');
}

/** Name of the unique or check constraint or index that refused a statement, if one did. */
export function brokenConstraint(error: unknown): string | undefined {
  const { code, constraint } = (error ?? {}) as { code?: unknown; constraint?: unknown };
  return typeof code === 'string' && code.startsWith('23') && typeof constraint === 'string' ? constraint : undefined;
}
