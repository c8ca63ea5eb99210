import type { LoggedEvent } from '#platform/messaging';
import type { TestDatabase } from '#platform/testing';
import { EventValidator } from '../../support/events/event-validator.js';

/** One event of so many is validated. */
const SAMPLED = 50;

/** Compares a sample of the log with the published schemas. */
export async function auditSchemas(database: TestDatabase): Promise<string[]> {
  const validator = new EventValidator();
  const events = await database.rows<Omit<LoggedEvent, 'position'> & { position: string }>(
    `SELECT position, id, stream, stream_version AS "streamVersion", type, time, actor_id AS "actorId", traceparent,
       data::text AS data FROM crm.event_log WHERE position % ${SAMPLED} = 0 ORDER BY position`,
  );
  return events.flatMap((event) => validator.faultsOfLogged(event));
}
