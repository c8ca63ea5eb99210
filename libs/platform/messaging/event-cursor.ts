import type { Lease } from '#platform/persistence';
import type pg from 'pg';

/** Cursor of what RabbitMQ has confirmed. */
export const RABBITMQ_CURSOR = 'rabbitmq';
/** Cursor of what our own subscribers have dealt with when there is no broker. */
export const LOCAL_CURSOR = 'in-process';

/** From here on a leader with a smaller token can't move the cursor. Waits for a move of its that is not committed. */
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

/** How far a reader has come, kept in PostgreSQL under the reader's lease; it never goes back. */
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
   * @throws Error when a later leader has opened it.
   */
  static async open(client: pg.Client, name: string, lease: Lease): Promise<EventCursor> {
    const { rows } = await client.query<{ position: string }>({ ...OPEN, values: [name, lease.token] });
    if (!rows[0]) throw fencedOff(name);
    return new EventCursor(client, name, lease, BigInt(rows[0].position));
  }

  /** The last position dealt with that is saved. */
  get position(): bigint {
    return this.current;
  }

  /**
   * Saves `position` unless it is no news, or the last save was less than `everyMs` ago.
   * @throws Error when a later leader has opened the cursor.
   */
  async advance(position: bigint, everyMs: number): Promise<void> {
    if (position <= this.current || Date.now() - this.savedAt < everyMs) return;
    const values = [this.name, position.toString(), this.lease.token];
    const { rowCount } = await this.client.query({ ...SAVE, values });
    if (!rowCount) throw fencedOff(this.name);
    this.current = position;
    this.savedAt = Date.now();
  }
}

function fencedOff(name: string): Error {
  return new Error(`another process leads now: the cursor ${name} was not moved`);
}
