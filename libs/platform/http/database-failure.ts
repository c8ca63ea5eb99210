import { isUnavailable } from '#platform/persistence';
import type { Refusal } from './refusal.js';

/** How many errors that wrap one another are looked through. */
const DEEPEST = 5;

/** Serialization failure, deadlock, lock time-out, statement time-out. */
const TRY_AGAIN = new Set(['40001', '40P01', '55P03', '57014']);
/** Text that the database's encoding, or a jsonb, can't hold. */
const UNSTORABLE = new Set(['22021', '22P05']);

const RETRY = { 'retry-after': '1' };

/** What a failure of PostgreSQL or of the way to it means for a client; undefined for any other error. */
export function refusalOfDatabase(error: unknown): Refusal | undefined {
  for (const cause of causesOf(error)) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (UNSTORABLE.has(code)) {
      return { status: 422, code: 'invalid_characters', detail: 'A text holds characters that can not be stored.' };
    }
    if (TRY_AGAIN.has(code)) {
      return { status: 503, code: 'try_again', detail: 'Another change was in the way. Try again.', headers: RETRY };
    }
    if (isUnavailable(cause)) {
      const detail = 'The database can not be reached. Try again.';
      return { status: 503, code: 'database_unavailable', detail, headers: RETRY };
    }
  }
  return undefined;
}

/** The error, and those that it wraps: TypeORM's `driverError`, a `cause`, the parts of an `AggregateError`. */
export function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && causes.length < DEEPEST) {
    causes.push(next);
    if ('driverError' in next && next.driverError !== next) next = next.driverError;
    else if (next instanceof AggregateError && next.errors.length > 0) next = next.errors[0];
    else next = next.cause;
  }
  return causes;
}
