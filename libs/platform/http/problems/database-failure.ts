import { causesOf } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { Refusal } from './refusal.js';

/** Serialization failure, deadlock, lock time-out, statement time-out. */
const TRY_AGAIN = new Set(['40001', '40P01', '55P03', '57014']);
/** Text that the database's encoding, or a jsonb, can't hold. */
const UNSTORABLE = new Set(['22021', '22P05']);

const RETRY = { 'retry-after': '1' };

/** Foreign key and restrict violations. */
const REFERENCE = new Set(['23001', '23503']);
/** Unique and exclusion violations. */
const DUPLICATE = new Set(['23505', '23P01']);
/** Data exceptions, for example an overflow; not-null and check violations. */
const VALUE = /^(?:22...|23502|23514)$/;

/** Maps an error of PostgreSQL, or of the connection to it, to an answer; undefined for any other error. */
export function refusalOfDatabase(error: unknown): Refusal | undefined {
  for (const cause of causesOf(error)) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (UNSTORABLE.has(code)) {
      return { status: 422, code: 'invalid_characters', detail: 'A text holds characters that can not be stored.' };
    }
    if (TRY_AGAIN.has(code)) {
      return {
        status: 503,
        code: 'try_again',
        detail: 'A concurrent change blocked this one. Try again.',
        headers: RETRY,
      };
    }
    if (isUnavailable(cause)) {
      const detail = 'The database can not be reached. Try again.';
      return { status: 503, code: 'database_unavailable', detail, headers: RETRY };
    }
    const refusal = refusalOfConstraint(code, 'constraint' in cause && cause.constraint !== undefined);
    if (refusal) return refusal;
  }
  return undefined;
}

/**
 * A constraint that no domain rule checked first. The database refused the input and changed nothing, so the client gets
 * 4xx. The missing rule is a bug: the error, with the constraint's name, goes to the log and not into the answer.
 */
function refusalOfConstraint(code: string, isNamed: boolean): Refusal | undefined {
  // Our own triggers raise the code of a restrict violation without a name: they guard against bugs, not against input.
  if (REFERENCE.has(code) && isNamed) {
    const detail = 'A referenced record does not exist, or other records still refer to this one.';
    return { status: 409, code: 'reference_conflict', detail, isUnexpected: true };
  }
  if (DUPLICATE.has(code)) {
    const detail = 'A record with the same identifying values exists already.';
    return { status: 409, code: 'already_exists', detail, isUnexpected: true };
  }
  if (VALUE.test(code)) {
    const detail = 'A value is missing, malformed, out of range or not allowed.';
    return { status: 422, code: 'invalid_value', detail, isUnexpected: true };
  }
  return undefined;
}
