import { Inject, Injectable } from '@nestjs/common';
import type { Instant } from '#platform/kernel';
import { Database, plannedEachTime, type Statement, statement } from '#platform/persistence';
import type pg from 'pg';
import type { Audience } from '../events/audience.js';
import { typeExpression } from '../events/type-patterns.js';

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
  readonly audience: Audience;
  /** JSON text, as PostgreSQL writes it. */
  readonly data: string;
}

/** Which events a reader wants. */
export interface LogFilter {
  /** UUIDs in lower case; every deal, and what belongs to none, when there are none. */
  readonly dealIds: readonly string[];
  /** Patterns of routing keys; every type when there are none. */
  readonly types: readonly string[];
}

/** Part of the log, as far as it was looked through. */
export interface LogPage {
  readonly events: readonly LoggedEvent[];
  /** Everything up to this position was looked at: reading goes on after it, whether it was wanted or not. */
  readonly through: bigint;
}

type LoggedRow = Omit<LoggedEvent, 'position'> & { readonly position: string };

/**
 * How far around the present the end of the log is looked for. A plan is made for each read, and that takes five times
 * as long for the months of a quarter as for the one or two that these bounds leave.
 */
const RECENT_MS = 3 * 24 * 3_600_000;
/** Positions looked through at a time for wanted ones, and in all for one page. */
const SPAN = 5_000n;
const MAX_SPANS = 20;

const COLUMNS = `position, id, stream, stream_version AS "streamVersion", type, time, actor_id AS "actorId", traceparent,
     deal_id AS "dealId", client_id AS "clientId", audience, data::text AS data`;

/** With the last position given at the same moment, by which the reader knows whether it got all there is. */
const READ_RECENT = statement(
  `SELECT c.position AS last, e.* FROM crm.event_cursors c LEFT JOIN LATERAL (
     SELECT ${COLUMNS} FROM crm.event_log
     WHERE position > $1::bigint AND position <= $1::bigint + $2::int
       AND time >= $3::timestamptz AND time < $4::timestamptz ORDER BY position) e ON true
   WHERE c.name = 'sequencer' ORDER BY e.position`,
);
const READ_AFTER = statement(
  `SELECT ${COLUMNS} FROM crm.event_log WHERE position > $1::bigint ORDER BY position LIMIT $2::int`,
);
const READ_AT = statement(`SELECT ${COLUMNS} FROM crm.event_log WHERE position = ANY ($1::bigint[]) ORDER BY position`);
const READ_WANTED = statement(
  `SELECT ${COLUMNS} FROM crm.event_log
   WHERE position > $1::bigint AND position <= $2::bigint AND '.' || type ~ $3::text ORDER BY position LIMIT $4::int`,
);
/** A deal has few events or many: how to find them depends on which. */
const READ_OF_DEALS = plannedEachTime(
  `SELECT ${COLUMNS} FROM crm.event_log
   WHERE deal_id = ANY ($5::uuid[]) AND position > $1::bigint AND position <= $2::bigint AND '.' || type ~ $3::text
   ORDER BY position LIMIT $4::int`,
);
const BOUNDS = statement(
  `SELECT coalesce((SELECT min(position) FROM crm.event_log WHERE position IS NOT NULL), c.position + 1) AS first,
     c.position AS last
   FROM crm.event_cursors c WHERE c.name = 'sequencer'`,
);
const FIRST_SINCE = statement(
  'SELECT min(position) AS position FROM crm.event_log WHERE time >= $1::timestamptz AND position IS NOT NULL',
);
const LAST_UNTIL = statement(
  'SELECT max(position) AS position FROM crm.event_log WHERE time <= $1::timestamptz AND position IS NOT NULL',
);

/**
 * Forces generic plans without sequential scans: planning over all partitions costs more than running. A plan that was
 * made while a month was empty must not scan that month later.
 */
export const PLANNED_ONCE = 'SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan';

/** Runs the statements of a reader. */
type Source = Pick<Database, 'query' | 'first'>;

/** Reads the log in its global order: a reader of `position > cursor` misses no event and reads none twice. */
@Injectable()
export class LogReader {
  constructor(@Inject(Database) private readonly database: Source) {}

  /** A reader for a follower of the log, on the follower's connection: its statements are {@link PLANNED_ONCE}. */
  static async forConnection(client: pg.Client): Promise<LogReader> {
    await client.query(PLANNED_ONCE);
    const query = async <R extends object>(sql: Statement, values?: readonly unknown[]): Promise<R[]> =>
      (await client.query<R>({ ...sql, values: [...(values ?? [])] })).rows;
    const first = async <R extends object>(sql: Statement, values?: readonly unknown[]): Promise<R | undefined> =>
      (await query<R>(sql, values))[0];
    return new LogReader({ query, first });
  }

  /**
   * At most `limit` events after `position`, in order. Positions have no gap, so it shows when the present month,
   * which is enough for a reader at the tail, does not contain the whole range: then every month is read.
   */
  async readAfter(position: bigint, limit: number): Promise<LoggedEvent[]> {
    const [since, until] = [-RECENT_MS, RECENT_MS].map((ms) => new Date(Date.now() + ms).toISOString());
    const values = [position.toString(), limit, since, until];
    const rows = await this.database.query<LoggedRow & { last: string }>(READ_RECENT, values);
    const left = BigInt(rows[0]?.last ?? 0) - position;
    const recent = rows.filter((row) => row.position !== null);
    if (left <= 0n || BigInt(recent.length) === (left < limit ? left : BigInt(limit))) return recent.map(eventOf);
    return (await this.database.query<LoggedRow>(READ_AFTER, [position.toString(), limit])).map(eventOf);
  }

  /** The events at some positions, in order; deleted ones are omitted. */
  async readAt(positions: readonly bigint[]): Promise<LoggedEvent[]> {
    return (await this.database.query<LoggedRow>(READ_AT, [positions.map(String)])).map(eventOf);
  }

  /**
   * Wanted events after `position`, in order, at most `limit` of them and none after `end`. It looks through a part of
   * the log at a time: a page may be empty, and yet there is more after {@link LogPage.through}.
   * @param end a position that was given already.
   */
  async readPage(position: bigint, end: bigint, limit: number, { dealIds, types }: LogFilter): Promise<LogPage> {
    const events: LoggedEvent[] = [];
    let through = position;
    for (let span = 0; span < MAX_SPANS && through < end; span++) {
      // The deal's own index leads to all of its events at once.
      const until = dealIds.length > 0 ? end : least(through + SPAN, end);
      const values = [through.toString(), until.toString(), typeExpression(types), limit - events.length];
      const rows = await (dealIds.length > 0
        ? this.database.query<LoggedRow>(READ_OF_DEALS, [...values, dealIds])
        : this.database.query<LoggedRow>(READ_WANTED, values));
      events.push(...rows.map(eventOf));
      if (events.length === limit) return { events, through: events.at(-1)!.position };
      through = until;
    }
    return { events, through };
  }

  /** The first stored position and the last assigned one; `first = last + 1` when the log is empty. */
  async bounds(): Promise<{ readonly first: bigint; readonly last: bigint }> {
    const row = await this.database.first<{ first: string; last: string }>(BOUNDS);
    if (!row) throw new Error('crm.event_cursors lacks the row of the sequencer');
    return { first: BigInt(row.first), last: BigInt(row.last) };
  }

  /** The least position such that no event of `time` or later lies before it; undefined when there is no such event. */
  async firstSince(time: Instant): Promise<bigint | undefined> {
    return positionOf(await this.database.first(FIRST_SINCE, [time]));
  }

  /** The greatest position such that no event of `time` or earlier lies after it; undefined when there is no such event. */
  async lastUntil(time: Instant): Promise<bigint | undefined> {
    return positionOf(await this.database.first(LAST_UNTIL, [time]));
  }
}

function eventOf(row: LoggedRow): LoggedEvent {
  return {
    position: BigInt(row.position),
    id: row.id,
    stream: row.stream,
    streamVersion: row.streamVersion,
    type: row.type,
    time: row.time,
    actorId: row.actorId,
    traceparent: row.traceparent,
    dealId: row.dealId,
    clientId: row.clientId,
    audience: row.audience,
    data: row.data,
  };
}

function positionOf(row: { readonly position: string | null } | undefined): bigint | undefined {
  return row?.position ? BigInt(row.position) : undefined;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
