import { Injectable } from '@nestjs/common';
import type { Instant } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';
import { LogSignal } from '../../outbox/log-signal.js';

/** An event that RabbitMQ refused, or that waits behind a refused one of its stream. */
export interface ParkedEvent {
  readonly position: bigint;
  readonly stream: string;
  readonly type: string;
}

/** How many events of a type are parked. */
export interface ParkedCount {
  readonly type: string;
  readonly events: number;
  readonly streams: number;
  /** When the oldest of them was parked. */
  readonly since: Instant;
  /** The first in the log. */
  readonly eventId: string;
  /** Refusals of the events of this type; 0 when all of them wait behind others. */
  readonly refusals: number;
}

type ParkedRow = Omit<ParkedEvent, 'position'> & { readonly position: string };

/** Events of one stream that are read at a time. */
const MAX_OF_STREAM = 100;

const HEADS = statement(
  `SELECT DISTINCT ON (stream) position, stream, type, count(*) OVER (PARTITION BY stream)::int AS events
   FROM crm.parked_events ORDER BY stream, position`,
);
const BEYOND = statement('SELECT position FROM crm.parked_events WHERE position > $1::bigint');
const OF_STREAMS = statement(
  `SELECT p.position, p.stream, p.type FROM unnest($1::text[]) AS s (stream) CROSS JOIN LATERAL (
     SELECT position, stream, type FROM crm.parked_events e WHERE e.stream = s.stream
     ORDER BY position LIMIT ${MAX_OF_STREAM}) AS p ORDER BY p.position`,
);
const REMOVE = statement('DELETE FROM crm.parked_events WHERE position = ANY ($1::bigint[])');
const REFUSE = statement(
  `UPDATE crm.parked_events SET refusals = refusals + 1, refused_at = now() WHERE position = ANY ($1::bigint[])`,
);
export const PARKED_COUNTS = statement(
  `SELECT type, count(*)::int AS events, count(DISTINCT stream)::int AS streams, min(parked_at) AS since,
     (array_agg(event_id ORDER BY position))[1] AS "eventId", sum(refusals)::int AS refusals
   FROM crm.parked_events GROUP BY type ORDER BY type`,
);

/** The events that RabbitMQ refused, in PostgreSQL; {@link EventCursor} adds them. */
@Injectable()
export class ParkedEvents {
  constructor(private readonly database: Database) {}

  /** The first parked event of each stream, and how many are parked of it. */
  async heads(): Promise<readonly (ParkedEvent & { readonly events: number })[]> {
    const rows = await this.database.query<ParkedRow & { events: number }>(HEADS);
    return rows.map((row) => ({ ...parkedOf(row), events: row.events }));
  }

  /** Positions of parked events after the cursor; a restarted publisher skips them. */
  async beyond(position: bigint): Promise<ReadonlySet<bigint>> {
    const rows = await this.database.query<{ position: string }>(BEYOND, [position.toString()]);
    return new Set(rows.map((row) => BigInt(row.position)));
  }

  /** The first parked events of some streams, in the log's order. */
  async ofStreams(streams: readonly string[]): Promise<readonly ParkedEvent[]> {
    return (await this.database.query<ParkedRow>(OF_STREAMS, [streams])).map(parkedOf);
  }

  /** Removes events that RabbitMQ has stored. */
  async remove(positions: readonly bigint[]): Promise<void> {
    if (positions.length > 0) await this.database.query(REMOVE, [positions.map(String)]);
  }

  /** Counts a refusal of each event. */
  async refuse(positions: readonly bigint[]): Promise<void> {
    if (positions.length > 0) await this.database.query(REFUSE, [positions.map(String)]);
  }

  counts(): Promise<readonly ParkedCount[]> {
    return this.database.query<ParkedCount>(PARKED_COUNTS);
  }

  /** Makes the publisher send parked events again at once. */
  async retryNow(): Promise<void> {
    await this.database.query(LogSignal.retryParked);
  }
}

function parkedOf({ position, stream, type }: ParkedRow): ParkedEvent {
  return { position: BigInt(position), stream, type };
}
