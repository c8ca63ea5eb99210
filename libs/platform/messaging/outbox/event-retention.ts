import { Injectable } from '@nestjs/common';
import { BrokerSettings } from '#platform/config';
import type { Instant } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import { LOCAL_CURSOR, RABBITMQ_CURSOR } from '../publishing/event-cursor.js';

/** Rows one statement deletes: short locks. */
const BATCH = 5_000;

/** The last position up to which every event is old, positioned, published, not parked and read by every projection. */
const THROUGH = statement(
  `SELECT least(
     (SELECT min(position) - 1 FROM crm.event_log WHERE time >= $1::timestamptz AND position IS NOT NULL),
     (SELECT position FROM crm.event_cursors WHERE name = 'sequencer'),
     (SELECT min(position) - 1 FROM crm.parked_events),
     (SELECT min(position) FROM crm.event_cursors WHERE name LIKE 'projection/%'),
     coalesce((SELECT position FROM crm.event_cursors WHERE name = $2::text), 0)) AS through`,
);
const FORGET = statement('SELECT crm.forget_events($1::bigint, $2::timestamptz, $3::int) AS count');

/**
 * Forgets old events, always from the log's beginning. An event stays, however old, that is unpublished, parked,
 * unpositioned, beyond the slowest projection or bookmark, or part of a replay or a rebuild.
 */
@Injectable()
export class EventRetention {
  constructor(
    private readonly database: Database,
    private readonly broker: BrokerSettings,
  ) {}

  /** Forgets events from before `before`: whole months where it can, else in short statements. */
  async forget(before: Instant): Promise<void> {
    const publisher = this.broker.url ? RABBITMQ_CURSOR : LOCAL_CURSOR;
    const bound = await this.database.first<{ through: string }>(THROUGH, [before, publisher]);
    let count = BATCH;
    while (count === BATCH) {
      const gone = await this.database.first<{ count: number }>(FORGET, [bound!.through, before, BATCH]);
      count = gone?.count ?? 0;
    }
  }
}
