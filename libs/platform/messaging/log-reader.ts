import { Injectable } from '@nestjs/common';
import type { Instant } from '#platform/kernel';
import { Database, statement } from '#platform/persistence';

/** One event as it stands in the log, with its place in the global order. */
export interface LoggedEvent {
  /** 1, 2, 3 … without gap. */
  readonly position: bigint;
  /** UUID; a re-send keeps it. */
  readonly id: string;
  readonly stream: string;
  readonly streamVersion: number;
  /** Routing key. */
  readonly type: string;
  readonly time: Instant;
  readonly actorId: string | null;
  readonly traceparent: string | null;
  readonly dealId: string | null;
  readonly clientId: string | null;
  readonly audience: readonly string[];
  /** JSON text, as PostgreSQL writes it. */
  readonly data: string;
}

const READ_AFTER = statement(
  `SELECT position, id, stream, stream_version AS "streamVersion", type, time, actor_id AS "actorId", traceparent,
     deal_id AS "dealId", client_id AS "clientId", audience, data::text AS data
   FROM crm.event_log WHERE position > $1::bigint ORDER BY position LIMIT $2::int`,
);
const BOUNDS = statement(
  `SELECT coalesce((SELECT min(position) FROM crm.event_log WHERE position IS NOT NULL), c.position + 1) AS first,
     c.position AS last
   FROM crm.event_cursors c WHERE c.name = 'sequencer'`,
);

/** Reads the log in its global order: whoever follows `position > cursor` misses nothing and sees nothing twice. */
@Injectable()
export class LogReader {
  constructor(private readonly database: Database) {}

  /** At most `limit` events after `position`, in order. */
  async readAfter(position: bigint, limit: number): Promise<LoggedEvent[]> {
    const rows = await this.database.query<Omit<LoggedEvent, 'position'> & { position: string }>(READ_AFTER, [
      position.toString(),
      limit,
    ]);
    return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
  }

  /** The first position still kept and the last one given; `first = last + 1` when the log is empty. */
  async bounds(): Promise<{ readonly first: bigint; readonly last: bigint }> {
    const row = await this.database.first<{ first: string; last: string }>(BOUNDS);
    if (!row) throw new Error('crm.event_cursors lacks the row of the sequencer');
    return { first: BigInt(row.first), last: BigInt(row.last) };
  }
}
