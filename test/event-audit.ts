import type { LoggedEvent } from '#platform/messaging';
import { TestDatabase } from '#platform/testing';
import { EventValidator } from './support/events/event-validator.js';

const SHOWN_FAULTS = 10;

let validator: EventValidator | undefined;

/**
 * Runs before every test file: validates all events that its programs have published against the published schemas,
 * before its database is dropped.
 */
TestDatabase.beforeDrop(async (database) => {
  const [log] = await database.rows(`SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass('crm.event_log')`);
  if (!log) return;
  const events = await database.rows<Omit<LoggedEvent, 'position'> & { position: string | null }>(
    `SELECT position, id, stream, stream_version AS "streamVersion", type, time, actor_id AS "actorId", traceparent,
       data::text AS data FROM crm.event_log ORDER BY seq`,
  );
  if (events.length === 0) return;
  validator ??= new EventValidator();
  const faults = events.flatMap((event) => validator!.faultsOfLogged(event));
  if (faults.length === 0) return;
  const shown = faults.slice(0, SHOWN_FAULTS).join('\n');
  throw new Error(`${faults.length} faults in published events, by docs/events/schemas:\n${shown}`);
});
