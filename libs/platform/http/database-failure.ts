import { causesOf } from '#platform/observability';
import { isUnavailable } from '#platform/persistence';
import type { Refusal } from './refusal.js';

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
