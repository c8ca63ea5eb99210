import type { Lease } from '#platform/persistence';
import type pg from 'pg';
import type { LoggedEvent } from '../outbox/log-reader.js';

/** Cursor of what RabbitMQ has confirmed. */
export const RABBITMQ_CURSOR = 'rabbitmq';
/** Cursor of the events that our own subscribers have processed, without a broker. */
export const LOCAL_CURSOR = 'in-process';

/** Rejects later updates by a leader with a smaller token. Waits for an uncommitted update of the cursor. */
const OPEN = {
  name: 'crm_cursor_open',
  text: `INSERT INTO crm.event_cursors AS c (name, position, fence) VALUES ($1, 0, $2::bigint)
         ON CONFLICT (name) DO UPDATE SET updated_at = now(), fence = $2::bigint WHERE c.fence <= $2::bigint
         RETURNING position`,
};
const SAVE = {
  name: 'crm_cursor_save',
  text: `UPDATE crm.event_cursors SET position = $2::bigint, updated_at = now()
         WHERE name = $1 AND position < $2::bigint AND fence = $3::bigint`,
};

/** Parks events and saves the position in one statement. Parked events may come after the position. */
const PARK = {
  name: 'crm_cursor_park',
  text: `WITH moved AS (
      UPDATE crm.event_cursors SET position = greatest(position, $2::bigint), updated_at = now()
      WHERE name = $1 AND fence = $3::bigint RETURNING 1
    ), parked AS (
      INSERT INTO crm.parked_events (position, stream, event_id, type, refusals, refused_at)
      SELECT p.position, p.stream, p.event_id, p.type, p.refusals, CASE WHEN p.refusals > 0 THEN now() END
      FROM unnest($4::bigint[], $5::text[], $6::uuid[], $7::text[], $8::int[]) AS p (position, stream, event_id, type, refusals), moved
      ON CONFLICT (position) DO NOTHING
    )
    SELECT FROM moved`,
};

/** An event to park: RabbitMQ refused it, or it waits behind a refused one of its stream. */
export interface EventToPark extends Pick<LoggedEvent, 'position' | 'stream' | 'id' | 'type'> {
  /** 1 when RabbitMQ refused it, 0 when it waits behind another of its stream. */
  readonly refusals: number;
}

/** Another leader has opened the cursor since: the term of this one is over. */
export class FencedOffError extends Error {
  override readonly name = 'FencedOffError';

  constructor(cursor: string) {
    super(`another process leads now: the cursor ${cursor} was not moved`);
  }
}

/** Position of a reader, stored in PostgreSQL under the reader's lease; only a projection's rebuild moves it back. */
export class EventCursor {
  private savedAt = 0;

  private constructor(
    private readonly client: pg.Client,
    private readonly name: string,
    private readonly lease: Lease,
    private current: bigint,
  ) {}

  /**
   * Fences off former leaders and reads the cursor; one that is new starts before the first event.
   * @throws FencedOffError when a later leader has opened it.
   */
  static async open(client: pg.Client, name: string, lease: Lease): Promise<EventCursor> {
    const { rows } = await client.query<{ position: string }>({ ...OPEN, values: [name, lease.token] });
    if (!rows[0]) throw new FencedOffError(name);
    return new EventCursor(client, name, lease, BigInt(rows[0].position));
  }

  /** The last processed position that is saved. */
  get position(): bigint {
    return this.current;
  }

  /**
   * Saves `position` unless it is saved already or the last save was less than `everyMs` ago.
   * @throws FencedOffError when a later leader has opened the cursor.
   */
  async advance(position: bigint, everyMs: number): Promise<void> {
    if (position <= this.current || performance.now() - this.savedAt < everyMs) return;
    const values = [this.name, position.toString(), this.lease.token];
    const { rowCount } = await this.client.query({ ...SAVE, values });
    if (!rowCount) throw new FencedOffError(this.name);
    this.current = position;
    this.savedAt = performance.now();
  }

  /**
   * Saves `position` and inserts the parked events, in one statement. Events after `position` may be among them.
   * @throws FencedOffError when a later leader has opened the cursor.
   */
  async park(position: bigint, events: readonly EventToPark[]): Promise<void> {
    const columns = [
      events.map((event) => event.position.toString()),
      events.map(({ stream }) => stream),
      events.map(({ id }) => id),
      events.map(({ type }) => type),
      events.map(({ refusals }) => refusals),
    ];
    const values = [this.name, position.toString(), this.lease.token, ...columns];
    const { rowCount } = await this.client.query({ ...PARK, values });
    if (!rowCount) throw new FencedOffError(this.name);
    if (position > this.current) this.current = position;
    this.savedAt = performance.now();
  }
}
